#include "io/transform/merge_block.h"

#include <algorithm>

#include "runtime/hd.h"

namespace switchyard {
namespace {

inline double wide(float value) { return static_cast<double>(value); }

// sums += w (x - base)
SWITCHYARD_MULTIVERSION void add_difference(const float* x, const float* base, const double* w,
                                            std::size_t count, double* sums) {
  for (std::size_t e = 0; e < count; ++e) sums[e] += w[e] * (wide(x[e]) - wide(base[e]));
}

SWITCHYARD_MULTIVERSION std::int64_t sum_signs(const double* sums, std::size_t count) {
  std::int64_t signs = 0;
  for (std::size_t e = 0; e < count; ++e) signs += (sums[e] > 0.0) - (sums[e] < 0.0);
  return signs;
}

SWITCHYARD_MULTIVERSION void replace_zeros(double value, std::size_t count, double* sums) {
  for (std::size_t e = 0; e < count; ++e) sums[e] = sums[e] == 0.0 ? value : sums[e];
}

// Keeps the weights of differences with the sign of the sum.
SWITCHYARD_MULTIVERSION void keep_agreeing(const float* x, const float* base, const double* sums,
                                           std::size_t count, double* w) {
  for (std::size_t e = 0; e < count; ++e) {
    const double difference = w[e] * (wide(x[e]) - wide(base[e]));
    const bool agrees =
        ((sums[e] > 0.0) & (difference > 0.0)) | ((sums[e] < 0.0) & (difference < 0.0));
    w[e] = agrees ? w[e] : 0.0;
  }
}

// What takes no part adds -0, and may be infinite.
SWITCHYARD_MULTIVERSION void add_weighted(const float* x, const double* w, std::size_t count,
                                          double* sums, double* all) {
  for (std::size_t e = 0; e < count; ++e) {
    const double weighted = w[e] * wide(x[e]);
    sums[e] += w[e] == 0.0 ? -0.0 : weighted;
    all[e] += w[e];
  }
}

SWITCHYARD_MULTIVERSION void normalize(std::size_t count, double* sums, double* all) {
  for (std::size_t e = 0; e < count; ++e) {
    sums[e] /= all[e] != 0.0 ? all[e] : 1.0;
    all[e] = all[e] != 0.0 ? 1.0 : 0.0;
  }
}

SWITCHYARD_MULTIVERSION void add_base(double scale, const float* base, const double* sums,
                                      const double* all, std::size_t count, float* out) {
  for (std::size_t e = 0; e < count; ++e) {
    const double rest = 1.0 - scale * all[e];
    const double of_base = rest * wide(base[e]);
    out[e] = static_cast<float>((rest == 0.0 ? -0.0 : of_base) + scale * sums[e]);
  }
}

}  // namespace

MergeBlock::MergeBlock(const Unit& unit)
    : unit_(unit), models_(unit.inputs.size() - 1), weights_(models_ * capacity) {}

bool MergeBlock::next() {
  begin_ += count_;
  count_ = std::min(capacity, unit_.size - begin_);
  return count_ > 0;
}

void MergeBlock::add_differences(double* sums) const {
  std::fill_n(sums, count_, 0.0);
  for (std::size_t model = 0; model < models_; ++model)
    add_difference(values(model), base(), weights_.data() + model * capacity, count_, sums);
}

std::int64_t MergeBlock::sum_of_signs() const {
  double sums[capacity];
  add_differences(sums);
  return sum_signs(sums, count_);
}

void MergeBlock::elect(int cancelled) {
  double sums[capacity];
  add_differences(sums);
  replace_zeros(static_cast<double>(cancelled), count_, sums);
  for (std::size_t model = 0; model < models_; ++model)
    keep_agreeing(values(model), base(), sums, count_, weights_.data() + model * capacity);
}

// As (1 - sum c) b + sum c x with c = scale w / divisor, so that one model with c = 1 keeps its
// bits.
void MergeBlock::combine(const MergeSettings& merge, std::span<float> out) const {
  double sums[capacity], all[capacity];
  std::fill_n(sums, count_, -0.0);
  std::fill_n(all, count_, 0.0);
  for (std::size_t model = 0; model < models_; ++model)
    add_weighted(values(model), weights_.data() + model * capacity, count_, sums, all);
  if (merge.normalize) normalize(count_, sums, all);
  add_base(merge.scale, base(), sums, all, count_, out.data() + begin_);
}

}  // namespace switchyard
