// Pruning by magnitude: small weights become 0.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/transform/tensor_plan.h"

namespace switchyard {

// Finds the magnitude that the floor(sparsity d)-th of d weights has, in ascending order from 0, by
// radix selection: two passes that count weights by their bits. Over all tensors that share it.
class MagnitudeCounting final : public Counting {
 public:
  explicit MagnitudeCounting(double sparsity) : sparsity_(sparsity) {}

  std::span<std::int64_t> next_pass() override;
  void count(const Unit& unit) override;
  void end_pass() override;
  int num_passes() const override { return 2; }

  bool prunes(float weight) const;  // after the passes

 private:
  double sparsity_;
  int pass_ = 0;
  std::vector<std::int64_t> counters_;
  std::int64_t before_ = 0;  // how many of those whose upper bits are the threshold's are below it
  std::uint32_t bits_ = 0;   // the threshold so far
};

// Zeros for weights up to the threshold, as large ones included: the rule of the code of SparseGPT
// and Wanda. sparsity 0 prunes nothing.
std::shared_ptr<const UnitOp> magnitude_op(std::shared_ptr<const MagnitudeCounting> counting);

// Zeros for the two smallest of every four weights, of equal ones the first. Parts have step 4.
std::shared_ptr<const UnitOp> two_of_four_op();
// The same of any scores: sets zero[i] for two of every four. Requires: whole fours.
void choose_two_of_four(std::span<const double> scores, std::span<bool> zero);

}  // namespace switchyard
