// TIES merging (Yadav et al., arXiv:2306.01708): of each model's differences from the base the
// largest stay, each element elects the sign of the sum of what stayed, and the models that agree
// are averaged.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/transform/merge_block.h"

namespace switchyard {

// What the largest differences are chosen from. Differences are compared as f32.
enum class TiesOver : std::uint8_t {
  model,  // all tensors that share the counting, as its authors do: with d elements, those stay
          // that are at least as large as the (floor(density d) + 1)-th largest; where the sum of
          // an element is exactly 0, the sign of the sum of all signs wins
  tensor  // each tensor alone, as mergekit does: floor(density d) stay, and all as large as the
          // least of them; where the sum is exactly 0, plus wins
};

// Finds the thresholds by radix selection: two passes that count magnitudes by their bits. Over a
// model a third pass sums the signs.
class TiesCounting final : public Counting {
 public:
  TiesCounting(MergeSettings merge, TiesOver over);

  std::span<std::int64_t> next_pass() override;
  void count(const Unit& unit) override;
  void end_pass() override;
  int num_passes() const override { return over_ == TiesOver::model ? 3 : 2; }

  // Sets the weights of the block, of this unit: 0 for differences that do not stay.
  void trim(const Unit& unit, MergeBlock& block) const;
  int sign_of_cancelled() const { return majority_; }
  const MergeSettings& merge() const { return merge_; }

 private:
  struct Threshold {
    std::int64_t left = 0;   // how many to keep of those whose upper bits are `bits`'
    std::uint32_t bits = 0;  // the least magnitude that stays, so far
    bool none = false, found = false;
  };
  void count(const Unit& unit, std::size_t input);
  std::size_t num_buckets() const;
  void choose(std::span<const std::int64_t> histogram, Threshold& threshold) const;
  std::int64_t num_kept(std::int64_t elements) const;

  MergeSettings merge_;
  TiesOver over_;
  int pass_ = 0;
  std::vector<std::int64_t> counters_;
  std::vector<Threshold> thresholds_;  // of the models
  int majority_ = 1;
};

std::shared_ptr<const UnitOp> ties_op(std::shared_ptr<const TiesCounting> counting);

}  // namespace switchyard
