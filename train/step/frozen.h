// Checks which parameters of a model training leaves as they are: train.freeze.
#pragma once

#include <string>
#include <vector>

#include "runtime/params/params.h"

namespace switchyard {

// params: declared with chosen_by(choices) as the frozen ones, on a rank with experts of each MoE
// layer. num_experts: of a layer. Errors: Exit::usage, the same on every rank, if a choice means no
// parameter of the model, or some experts of a layer but not all, which could then not change
// places, or if nothing is left to train.
void check_frozen(const Params& params, int num_experts, const std::vector<std::string>& choices);

}  // namespace switchyard
