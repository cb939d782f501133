#include "train/step/param_rates.h"

#include <cmath>

#include "model/param_role.h"

namespace switchyard {
namespace {

double factor_of(const RoleFactors& factors, ParamRole role) {
  const auto found = factors.find(std::string(name_of(role)));
  return found == factors.end() ? 1.0 : found->second;
}

// How many times train.layer_rate_decay applies.
std::int64_t depth_below_top(const std::string& name, ParamRole role, std::int64_t num_layers) {
  if (role == ParamRole::embedding) return num_layers + 1;
  const std::int64_t layer = layer_of_param(name);
  return layer < 0 ? 0 : num_layers - layer;
}

}  // namespace

ParamRates param_rates(const TrainConfig& config, const std::string& name,
                       std::int64_t num_layers) {
  if (config.rates.empty() && config.decays.empty() && config.layer_rate_decay == 1.0) return {};
  const ParamRole role = role_of_param(name);
  ParamRates rates{factor_of(config.rates, role), factor_of(config.decays, role)};
  if (config.layer_rate_decay != 1.0) {
    rates.rate *= std::pow(config.layer_rate_decay,
                           static_cast<double>(depth_below_top(name, role, num_layers)));
  }
  return rates;
}

}  // namespace switchyard
