#include "train/step/optimizer.h"

#include <algorithm>
#include <cmath>

#include "model/param_role.h"
#include "runtime/device/trace.h"
#include "runtime/random.h"
#include "train/ops.h"
#include "train/step/param_rates.h"

namespace switchyard {

namespace {

std::int64_t num_layers(const Params& params) {
  std::int64_t layers = 0;
  for (const Param& param : params.all())
    layers = std::max(layers, 1 + layer_of_param(param.spec.name));
  return layers;
}

}  // namespace

Optimizer::Optimizer(const TrainConfig& config) : config_(config) {}

void Optimizer::update(Params& params, std::int64_t step, double rate, double gradient_scale,
                       Stream& stream) const {
  const Span span(stream, "optimizer");
  AdamWStep of_step;
  of_step.beta1 = static_cast<float>(config_.beta1);
  of_step.beta2 = static_cast<float>(config_.beta2);
  of_step.epsilon = static_cast<float>(config_.epsilon);
  const auto exponent = static_cast<double>(step + 1);
  of_step.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta1, exponent)));
  of_step.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta2, exponent)));
  of_step.gradient_factor = gradient_scale * params.gradient_factor();

  const Random rounding(static_cast<std::uint64_t>(config_.seed), Purpose::moment_rounding,
                        static_cast<std::uint64_t>(step));
  const std::int64_t layers = config_.layer_rate_decay == 1.0 ? 0 : num_layers(params);
  std::vector<AdamWParam> owned;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const auto [begin, end] = params.owned(id);
    if (begin == end || !params.trained(id)) continue;
    AdamWStep constants = of_step;
    const ParamSpec& spec = params.spec(id);
    const ParamRates factors = param_rates(config_, spec.name, layers);
    constants.rate = static_cast<float>(rate * factors.rate);
    constants.weight_decay =
        spec.decays ? static_cast<float>(config_.weight_decay * factors.decay) : 0.0F;
    const Philox key = rounding.bits(spec.key());
    constants.rounding_key = std::uint64_t{key[0]} << 32 | key[1];
    constants.first_element = begin;
    owned.push_back({params.gradient(id).range(begin, end), constants,
                     params.value(id).range(begin, end), params.first_moment(id),
                     params.second_moment(id)});
  }
  TrainOps::on(stream.device()).adamw(owned, stream);
}

}  // namespace switchyard
