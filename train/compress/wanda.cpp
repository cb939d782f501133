#include "train/compress/wanda.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "io/transform/magnitude.h"

namespace switchyard {

void wanda(std::span<float> weights, std::span<const double> squares, double sparsity,
           Pattern pattern) {
  const std::size_t in = squares.size();
  const auto least = static_cast<std::size_t>(sparsity * static_cast<double>(in));
  std::vector<double> scores(in);
  std::vector<std::size_t> order(in);
  const auto zero = std::make_unique<bool[]>(in);
  for (std::size_t begin = 0; begin < weights.size(); begin += in) {
    for (std::size_t i = 0; i < in; ++i)
      scores[i] = std::abs(static_cast<double>(weights[begin + i])) * std::sqrt(squares[i]);
    if (pattern == Pattern::two_of_four) {
      choose_two_of_four(scores, {zero.get(), in});
    } else {
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
      for (std::size_t i = 0; i < in; ++i) zero[order[i]] = i < least;
    }
    for (std::size_t i = 0; i < in; ++i)
      if (zero[i]) weights[begin + i] = 0.0F;
  }
}

}  // namespace switchyard
