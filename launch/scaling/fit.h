// Fits a scaling law to runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/scaling/fitted_law.h"

namespace switchyard::scaling {

struct RunPoint {
  std::string name;
  ModelSize size;
  double loss = 0.0;  // nats per token
};

struct FitOptions {
  std::optional<LawForm> form{};  // empty: chosen_form
  int bootstrap = 200;            // fits to runs that are drawn again; 0: no intervals
  std::uint64_t seed = 1;         // of those draws
};

// dense if all runs have the same experts over top-k; else joint if there are at least two runs for
// each of its constants, and four different values of active parameters, of tokens and of experts
// over top-k; else mixtures.
LawForm chosen_form(const std::vector<RunPoint>& runs);

// Minimises the sum over runs of Huber's loss (delta 1e-3) of the difference of ln L, as Hoffmann
// et al. (arXiv:2203.15556, approach 3), from a grid of starts; a sum and not a mean, because with
// a mean a solver stops early (arXiv:2404.10102). The same numbers from the same runs. Errors:
// Exit::usage if a number is not positive, there are not more runs than constants, or all have the
// same model, tokens, or experts over top-k where the form needs others.
FittedLaw fit_law(const std::vector<RunPoint>& runs, const FitOptions& options);

// The same for a fit without the run of the most work, to compare with the loss of that run.
struct HeldOut {
  std::string name;
  double loss = 0.0, predicted = 0.0;
};
// Nothing if too few runs are left.
std::optional<HeldOut> hold_out_largest(const std::vector<RunPoint>& runs, LawForm form);

}  // namespace switchyard::scaling
