#include "train/matrix/newton_schulz.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "runtime/product/matmul.h"
#include "train/matrix/blocks.h"
#include "train/ops.h"

namespace switchyard {
namespace {

constexpr float a = 3.4445F, b = -4.7750F, c = 2.0315F;
constexpr double smallest_norm = 1e-7;

void normalize(Tensor x, Stream& stream) {
  std::vector<double> squares(static_cast<std::size_t>((x.size() + param_block - 1) / param_block));
  TrainOps::on(stream.device())
      .sum_squares(x, 1.0, tensor_of(squares.data(), {std::ssize(squares)}), stream);
  const double norm = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
  const auto factor = static_cast<float>(1.0 / (norm + smallest_norm));
  float* values = x.as<float>();
  for_elements(x.size(), stream, [=](std::int64_t i) { values[i] *= factor; });
}

// power = b gram + c gram^2
void polynomial(Tensor gram, Tensor power, Stream& stream) {
  matmul(gram, Op::plain, gram, Op::plain, power, Write::replace, stream);
  const float* first = gram.as<float>();
  float* second = power.as<float>();
  for_elements(gram.size(), stream,
               [=](std::int64_t i) { second[i] = b * first[i] + c * second[i]; });
}

}  // namespace

Tensor newton_schulz(Tensor x, Tensor other, Tensor squares, Stream& stream) {
  const bool tall = x.rows() > x.cols();
  const std::int64_t k = std::min(x.rows(), x.cols());
  const Tensor gram = squares.range(0, k * k).view({k, k}),
               power = squares.range(k * k, 2 * k * k).view({k, k});
  normalize(x, stream);
  for (int step = 0; step < newton_schulz_steps; ++step) {
    if (tall) {
      matmul(x, Op::transposed, x, Op::plain, gram, Write::replace, stream);
    } else {
      matmul(x, Op::plain, x, Op::transposed, gram, Write::replace, stream);
    }
    polynomial(gram, power, stream);
    const float* from = x.as<float>();
    float* to = other.as<float>();
    for_elements(x.size(), stream, [=](std::int64_t i) { to[i] = a * from[i]; });
    matmul(tall ? x : power, Op::plain, tall ? power : x, Op::plain, other, Write::add, stream);
    std::swap(x, other);
  }
  return x;
}

double newton_schulz_flops(const Shape& shape) {
  const auto small = static_cast<double>(std::min(shape[0], shape[1])),
             large = static_cast<double>(std::max(shape[0], shape[1]));
  return newton_schulz_steps * 2.0 * small * small * (2.0 * large + small);
}

}  // namespace switchyard
