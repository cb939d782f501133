#include "train/compress/second_order.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "io/transform/magnitude.h"
#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

constexpr std::int64_t block_columns = 128;
constexpr std::int64_t rows_of_thread = 16;

struct Columns {
  std::int64_t begin, end;
  std::int64_t size() const { return end - begin; }
};

SWITCHYARD_MULTIVERSION
void take_error(double error, const double* factor, std::int64_t count, double* weights) {
  for (std::int64_t i = 0; i < count; ++i)
    weights[i] = __builtin_fma(-error, factor[i], weights[i]);
}

// The matrix in f64 on its way.
class Columnwise {
 public:
  Columnwise(std::span<float> weights, const HessianFactor& hessian, Stream& stream)
      : weights_(weights),
        hessian_(hessian),
        stream_(stream),
        cols_(hessian.size),
        rows_(std::ssize(weights) / hessian.size),
        values_(weights.begin(), weights.end()) {
    for (std::int64_t r = 0; r < rows_; ++r) {
      for (std::int64_t c = 0; c < cols_; ++c)
        if (hessian.dead[static_cast<std::size_t>(c)]) row(r)[c] = 0.0;
    }
  }

  std::int64_t rows() const { return rows_; }
  double* row(std::int64_t r) { return values_.data() + r * cols_; }
  double diagonal(std::int64_t c) const { return hessian_.row(c)[c]; }

  // prepare(columns) sees each block before it changes. replace(row, column) returns what a weight
  // becomes; rows run on several threads.
  void run(const std::function<void(Columns)>& prepare,
           const std::function<double(std::int64_t, std::int64_t)>& replace) {
    for (std::int64_t begin = 0; begin < cols_; begin += block_columns) {
      const Columns block{begin, std::min(cols_, begin + block_columns)};
      prepare(block);
      parallel_for(stream_, (rows_ + rows_of_thread - 1) / rows_of_thread, [&](std::int64_t i) {
        const std::int64_t end = std::min(rows_, (i + 1) * rows_of_thread);
        for (std::int64_t r = i * rows_of_thread; r < end; ++r) run_row(r, block, replace);
      });
    }
    std::ranges::transform(values_, weights_.begin(),
                           [](double value) { return static_cast<float>(value); });
  }

 private:
  void run_row(std::int64_t r, Columns block,
               const std::function<double(std::int64_t, std::int64_t)>& replace) {
    std::array<double, block_columns> errors;
    for (std::int64_t c = block.begin; c < block.end; ++c) {
      const double became = replace(r, c), error = (row(r)[c] - became) / diagonal(c);
      errors[static_cast<std::size_t>(c - block.begin)] = error;
      row(r)[c] = became;
      take_error(error, hessian_.row(c) + c + 1, block.end - c - 1, row(r) + c + 1);
    }
    for (std::int64_t c = block.begin; c < block.end; ++c)
      take_error(errors[static_cast<std::size_t>(c - block.begin)], hessian_.row(c) + block.end,
                 cols_ - block.end, row(r) + block.end);
  }

  std::span<float> weights_;
  const HessianFactor& hessian_;
  Stream& stream_;
  std::int64_t cols_, rows_;
  std::vector<double> values_;
};

// Of the weights of one row in these columns.
float scale_of(const double* row, Columns columns, int bits) {
  std::vector<float> group(row + columns.begin, row + columns.end);
  const float scale = code_scale(group, bits);
  require(std::isfinite(scale), Exit::numerical, "a weight is not finite, so it has no codes");
  return scale;
}

}  // namespace

std::vector<float> gptq(std::span<float> weights, const CodeFormat& format,
                        const HessianFactor& hessian, Stream& stream) {
  const std::int64_t in = hessian.size, groups = in / format.group;
  const std::vector<float> given(weights.begin(), weights.end());
  Columnwise columns(weights, hessian, stream);
  std::vector<float> scales(static_cast<std::size_t>(columns.rows() * groups));
  const auto scale = [&](std::int64_t r, std::int64_t g) -> float& {
    return scales[static_cast<std::size_t>(r * groups + g)];
  };
  const auto prepare = [&](Columns block) {
    std::int64_t g = (block.begin + format.group - 1) / format.group;
    for (; g * format.group < block.end; ++g) {
      const Columns group{g * format.group, (g + 1) * format.group};
      for (std::int64_t r = 0; r < columns.rows(); ++r) {
        if (groups > 1) {
          scale(r, g) = scale_of(columns.row(r), group, format.bits);
          continue;
        }
        const std::vector<double> row(given.begin() + r * in, given.begin() + (r + 1) * in);
        scale(r, g) = scale_of(row.data(), group, format.bits);
      }
    }
  };
  columns.run(prepare, [&](std::int64_t r, std::int64_t c) {
    const float step = scale(r, c / format.group);
    return static_cast<double>(code_of(static_cast<float>(columns.row(r)[c]), step, format.bits) *
                               step);
  });
  return scales;
}

void sparse_gpt(std::span<float> weights, double sparsity, Pattern pattern,
                const HessianFactor& hessian, Stream& stream) {
  Columnwise columns(weights, hessian, stream);
  const auto score = [&](std::int64_t r, std::int64_t c) {
    return std::pow(columns.row(r)[c] / columns.diagonal(c), 2);
  };
  std::vector<std::uint8_t> goes(weights.size());  // [out, in]; threads write neighbours
  const auto at = [&](std::int64_t r, std::int64_t c) {
    return static_cast<std::size_t>(r * hessian.size + c);
  };
  const auto choose_block = [&](Columns block) {
    if (pattern == Pattern::two_of_four || sparsity == 0) return;
    std::vector<double> scores;
    for (std::int64_t r = 0; r < columns.rows(); ++r) {
      for (std::int64_t c = block.begin; c < block.end; ++c) scores.push_back(score(r, c));
    }
    const auto rank = static_cast<std::int64_t>(sparsity * static_cast<double>(scores.size()));
    std::vector<double> sorted = scores;
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto place = static_cast<std::int64_t>(i);
      goes[at(place / block.size(), block.begin + place % block.size())] =
          scores[i] <= sorted[static_cast<std::size_t>(rank)] ? 1 : 0;
    }
  };
  columns.run(choose_block, [&](std::int64_t r, std::int64_t c) {
    if (pattern == Pattern::two_of_four && c % 4 == 0) {
      std::array<double, 4> scores;
      std::array<bool, 4> zero;
      for (std::int64_t i = 0; i < 4; ++i) scores[static_cast<std::size_t>(i)] = score(r, c + i);
      choose_two_of_four(scores, zero);
      for (std::int64_t i = 0; i < 4; ++i) goes[at(r, c + i)] = zero[static_cast<std::size_t>(i)];
    }
    return goes[at(r, c)] != 0 ? 0.0 : columns.row(r)[c];
  });
}

}  // namespace switchyard
