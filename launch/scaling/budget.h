// `switchyard scaling predict --compute`: which size to train for a given amount of work.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/scaling/fitted_law.h"
#include "launch/scaling/optimum.h"

namespace switchyard::scaling {

// The best sizes for this much work: by the laws of dense models, and by the joint law for each of
// these experts over top-k.
struct Budget {
  std::string law;
  double expansion = 1.0;
  Optimum optimum;
  std::string outside;
};
std::vector<Budget> spend(double flops, const std::vector<double>& expansions,
                          const std::optional<FittedLaw>& fitted);
std::string budget_report(double flops, const std::vector<Budget>& budgets);
nlohmann::ordered_json budget_json(double flops, const std::vector<Budget>& budgets);

}  // namespace switchyard::scaling
