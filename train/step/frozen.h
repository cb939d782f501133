// Checks which parameters of a model training leaves as they are: train.freeze, and with adapters
// all but those.
#pragma once

#include <string>
#include <vector>

#include "model/config.h"
#include "runtime/params/params.h"

namespace switchyard {

// params: declared with frozen_params(model, freeze) as the frozen ones, on a rank with experts of
// each MoE layer. Errors: Exit::usage, the same on every rank, if a choice of train.freeze,
// adapter.train or adapter.targets means no parameter (no linear layer) of the model, or some
// experts of a layer but not all, which could then not change places, or if nothing is left to
// train.
void check_frozen(const Params& params, const ModelConfig& model,
                  const std::vector<std::string>& freeze);

}  // namespace switchyard
