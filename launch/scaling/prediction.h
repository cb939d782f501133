// `switchyard scaling predict`: what laws say about a run before it is trained.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/scaling/fitted_law.h"
#include "launch/scaling/run_size.h"

namespace switchyard::scaling {

struct LawPrediction {
  std::string key, name, source, outside, note;  // outside: why this is an extrapolation, or empty
  bool chosen = false;                           // the default for such a model, or the user's
  bool fits = true;                              // false: a law of dense models, and this is none
  double loss = 0.0;
  Interval interval{0.0, 0.0};  // of the user's own law
};

struct Prediction {
  RunSize size;
  std::int64_t rank_bytes = 0;  // memory of the rank that needs the most
  std::vector<LawPrediction> laws;
  // By the joint law: a dense model of the same active parameters, which does the same work.
  std::optional<double> dense_twin;
};

// law: the key of the chosen one; empty: the fitted law if there is one, else the default.
Prediction predict(const RunSize& size, const std::optional<FittedLaw>& fitted,
                   const std::string& law);
std::string prediction_report(const Prediction& prediction);
nlohmann::ordered_json prediction_json(const Prediction& prediction);

}  // namespace switchyard::scaling
