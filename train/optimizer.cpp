#include "train/optimizer.h"

#include <cmath>

#include "runtime/trace.h"
#include "train/ops.h"

namespace switchyard {

Optimizer::Optimizer(const TrainConfig& config) : config_(config) {}

void Optimizer::update(Params& params, std::int64_t step, double rate, double gradient_scale,
                       Stream& stream) const {
  const Span span(stream, "optimizer");
  AdamWStep of_step;
  of_step.rate = static_cast<float>(rate);
  of_step.beta1 = static_cast<float>(config_.beta1);
  of_step.beta2 = static_cast<float>(config_.beta2);
  of_step.epsilon = static_cast<float>(config_.epsilon);
  const auto exponent = static_cast<double>(step + 1);
  of_step.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta1, exponent)));
  of_step.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta2, exponent)));
  of_step.gradient_factor = gradient_scale * params.gradient_factor();

  TrainOps& ops = TrainOps::on(stream.device());
  for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
    const auto [begin, end] = params.owned(id);
    if (begin == end) continue;
    AdamWStep constants = of_step;
    constants.weight_decay = params.all()[static_cast<std::size_t>(id)].spec.decays
                                 ? static_cast<float>(config_.weight_decay)
                                 : 0.0F;
    ops.adamw(params.gradient(id).range(begin, end), constants, params.value(id).range(begin, end),
              params.first_moment(id), params.second_moment(id), stream);
  }
}

}  // namespace switchyard
