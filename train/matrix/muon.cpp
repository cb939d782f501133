#include "train/matrix/muon.h"

#include <algorithm>
#include <cmath>

#include "train/matrix/newton_schulz.h"
#include "train/ops.h"

namespace switchyard {

float muon_scale(const Shape& shape) {
  return static_cast<float>(0.2 * std::sqrt(static_cast<double>(std::max(shape[0], shape[1]))));
}

void muon_update(const MuonParam& param, float momentum, Tensor scratch, Stream& stream) {
  const Shape& shape = param.value.shape;
  const std::int64_t size = shape.size(), small = std::min(shape[0], shape[1]);
  const Tensor x = scratch.range(0, size).view(shape),
               other = scratch.range(size, 2 * size).view(shape),
               squares = scratch.range(2 * size, 2 * size + 2 * small * small);
  gradient_as_f32(param.gradient, param.gradient_factor, x, stream);
  float* update = x.as<float>();
  float* moment = param.moment.as<float>();
  for_elements(size, stream, [=](std::int64_t i) {
    moment[i] = momentum * moment[i] + update[i];
    update[i] += momentum * moment[i];
  });
  const Tensor direction = newton_schulz(x, other, squares, stream);
  apply(param.rates, direction.as<float>(), param.value.as<float>(), size, stream);
}

}  // namespace switchyard
