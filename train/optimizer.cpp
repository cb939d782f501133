#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "runtime/trace.h"
#include "train/ops.h"

namespace switchyard {

Optimizer::Optimizer(const TrainConfig& config) : config_(config) {}

void Optimizer::update(Params& params, std::int64_t step, double rate, double gradient_scale,
                       Stream& stream) const {
  const Span span(stream, "optimizer");
  AdamWStep constants;
  constants.rate = static_cast<float>(rate);
  constants.beta1 = static_cast<float>(config_.beta1);
  constants.beta2 = static_cast<float>(config_.beta2);
  constants.epsilon = static_cast<float>(config_.epsilon);
  const auto exponent = static_cast<double>(step + 1);
  constants.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta1, exponent)));
  constants.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta2, exponent)));

  TrainOps& ops = TrainOps::on(stream.device());
  for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
    const Param& param = params.all()[static_cast<std::size_t>(id)];
    const std::int64_t size = param.spec.shape.size();
    constants.weight_decay = param.spec.decays ? static_cast<float>(config_.weight_decay) : 0.0F;
    parallel_for(stream, (size + param_block - 1) / param_block, [&](std::int64_t block) {
      const std::int64_t begin = block * param_block, end = std::min(size, begin + param_block);
      float gradient[param_block];
      params.read_block_gradient(param.offset + begin, param.offset + end, gradient_scale,
                                 gradient);
      ops.adamw(tensor_of(gradient, {end - begin}), constants, params.value(id).range(begin, end),
                params.first_moment(id).range(begin, end),
                params.second_moment(id).range(begin, end), stream);
    });
  }
}

}  // namespace switchyard
