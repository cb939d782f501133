#include "io/transform/merge_block.h"

#include <algorithm>

namespace switchyard {

MergeBlock::MergeBlock(const Unit& unit)
    : unit_(unit),
      models_(unit.inputs.size() - 1),
      values_(models_ * capacity),
      weights_(models_ * capacity) {}

bool MergeBlock::next() {
  begin_ += count_;
  count_ = std::min(capacity, unit_.size - begin_);
  for (std::size_t model = 0; model < models_; ++model)
    std::copy_n(unit_.inputs[model].data() + begin_, count_, values_.data() + model * capacity);
  std::copy_n(unit_.inputs.back().data() + begin_, count_, base_);
  return count_ > 0;
}

void MergeBlock::set_weights(std::span<const double> weights) {
  for (std::size_t model = 0; model < models_; ++model)
    std::fill_n(weights_.data() + model * capacity, capacity, weights[model]);
}

void MergeBlock::add_differences(double* sums) const {
  std::fill_n(sums, count_, 0.0);
  for (std::size_t model = 0; model < models_; ++model) {
    const double *const x = values(model), *const w = weights_.data() + model * capacity;
    for (std::size_t e = 0; e < count_; ++e) sums[e] += w[e] * (x[e] - base_[e]);
  }
}

std::int64_t MergeBlock::sum_of_signs() const {
  double sums[capacity];
  add_differences(sums);
  std::int64_t signs = 0;
  for (std::size_t e = 0; e < count_; ++e) signs += (sums[e] > 0.0) - (sums[e] < 0.0);
  return signs;
}

void MergeBlock::elect(int cancelled) {
  double sums[capacity];
  add_differences(sums);
  for (std::size_t e = 0; e < count_; ++e)
    sums[e] = sums[e] == 0.0 ? static_cast<double>(cancelled) : sums[e];
  for (std::size_t model = 0; model < models_; ++model) {
    const double* const x = values(model);
    double* const w = weights_.data() + model * capacity;
    for (std::size_t e = 0; e < count_; ++e) {
      const double difference = w[e] * (x[e] - base_[e]);
      const bool agrees =
          (sums[e] > 0.0 && difference > 0.0) || (sums[e] < 0.0 && difference < 0.0);
      w[e] = agrees ? w[e] : 0.0;
    }
  }
}

// As (1 - sum c) b + sum c x with c = scale w / divisor, so that one model with c = 1 keeps its
// bits; what takes no part adds -0, and may be infinite.
void MergeBlock::combine(const MergeSettings& merge, std::span<float> out) const {
  double sums[capacity], all[capacity];
  std::fill_n(sums, count_, -0.0);
  std::fill_n(all, count_, 0.0);
  for (std::size_t model = 0; model < models_; ++model) {
    const double *const x = values(model), *const w = weights_.data() + model * capacity;
    for (std::size_t e = 0; e < count_; ++e) {
      const double weighted = w[e] * x[e];
      sums[e] += w[e] == 0.0 ? -0.0 : weighted;
      all[e] += w[e];
    }
  }
  for (std::size_t e = 0; e < count_; ++e) {
    const double divisor = merge.normalize && all[e] != 0.0 ? all[e] : 1.0;
    const double rest = 1.0 - merge.scale * (all[e] / divisor);
    const double of_base = rest * base_[e];
    out[begin_ + e] =
        static_cast<float>((rest == 0.0 ? -0.0 : of_base) + merge.scale * (sums[e] / divisor));
  }
}

}  // namespace switchyard
