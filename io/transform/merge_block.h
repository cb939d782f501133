// Some hundred elements of a merge at once, in loops that compilers turn into vector instructions:
// the weights with which the models' differences from the base take part, and what is made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/transform/merge_ops.h"

namespace switchyard {

class MergeBlock {
 public:
  static constexpr std::size_t capacity = 512;

  // The unit's inputs are the models, and the base after them.
  explicit MergeBlock(const Unit& unit);

  // Takes the next elements of the unit; false at its end. The weights stay as they were.
  bool next();
  std::size_t begin() const { return begin_; }  // the first one's place in the unit
  std::size_t count() const { return count_; }
  std::span<double> weights(std::size_t model) {
    return {weights_.data() + model * capacity, count_};
  }

  // Of each element: the sign of the weighted sum of differences, or 0 if they cancel exactly.
  std::int64_t sum_of_signs() const;
  // Sets to 0 the weights of differences that do not have the sign of the weighted sum. cancelled:
  // the sign that wins where the differences cancel exactly; 0: none.
  void elect(int cancelled);
  // b + scale sum w (x - b), with the sum divided by sum w if merge.normalize.
  void combine(const MergeSettings& merge, std::span<float> out) const;

 private:
  const float* values(std::size_t model) const { return unit_.inputs[model].data() + begin_; }
  const float* base() const { return values(models_); }
  void add_differences(double* sums) const;

  const Unit& unit_;
  std::size_t models_;
  std::size_t begin_ = 0, count_ = 0;
  std::vector<double> weights_;  // [models, capacity]
};

}  // namespace switchyard
