// How the role and the layer of a parameter change its learning rate and weight decay.
#pragma once

#include <cstdint>
#include <string>

#include "train/config.h"

namespace switchyard {

// Factors of a step's learning rate and of train.weight_decay.
struct ParamRates {
  double rate = 1.0, decay = 1.0;
};

// The factors that train.rates and train.decays give to the parameter's role (model/param_role.h).
// With d = train.layer_rate_decay and L layers, the rate of layer l has the factor d^(L - l), too,
// that of the embedding d^(L + 1), and that of everything behind the layers 1 (layer-wise decay,
// Clark et al., ELECTRA, arXiv:2003.10555). AdamW multiplies the decay with the rate, so that a
// smaller rate also means less decay.
ParamRates param_rates(const TrainConfig& config, const std::string& name, std::int64_t num_layers);

}  // namespace switchyard
