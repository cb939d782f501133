// StepSums: what the micro-batches of a step add up to, in one vector, so that the sum over all
// ranks is one reduction. All are integers, so that any order of adding gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "router/plan/sent_rows.h"
#include "router/plan/step_balancer.h"
#include "runtime/tensor.h"

namespace switchyard {

class StepSums {
 public:
  // bias_bins: in which gates count the biases that an expert needs (Gate::bias_bins_of).
  StepSums(int num_moe_layers, int num_experts, std::int64_t bias_bins, int mtp_depth = 0);

  // Already divided by the step's loss tokens; fixed point, see Transformer::loss_format.
  std::int64_t& loss() { return word(Word::loss); }
  std::int64_t loss() const { return word(Word::loss); }
  std::int64_t& balance_loss() { return word(Word::balance_loss); }
  std::int64_t balance_loss() const { return word(Word::balance_loss); }
  std::int64_t& z_loss() { return word(Word::z_loss); }
  std::int64_t z_loss() const { return word(Word::z_loss); }
  // Of a module of multi-token prediction, from 0: its loss, as loss(), and how many targets it
  // had.
  std::int64_t& mtp_loss(std::size_t module) { return words_[first_mtp() + 2 * module]; }
  std::int64_t mtp_loss(std::size_t module) const { return words_[first_mtp() + 2 * module]; }
  std::int64_t& mtp_targets(std::size_t module) { return words_[first_mtp() + 2 * module + 1]; }
  std::int64_t mtp_targets(std::size_t module) const {
    return words_[first_mtp() + 2 * module + 1];
  }
  std::size_t mtp_depth() const { return mtp_depth_; }
  // Losses that are not finite or too large for the fixed point.
  std::int64_t& broken() { return word(Word::broken); }
  std::int64_t broken() const { return word(Word::broken); }

  // Rows that went out in forward.
  void add_sent_rows(const SentRows& rows);
  SentRows sent_rows() const;

  // Of each layer and micro-batch, once for each expert group.
  void add_balance(const StepBalanceReport& report);
  StepBalanceReport balance() const;

  // (token, choice) pairs, dropped ones included: [MoE layers, experts], and the experts of one
  // layer, which is the layer-th of the MoE layers.
  std::span<const std::int64_t> expert_counts() const;
  std::span<std::int64_t> expert_counts(std::size_t layer);
  std::span<const std::int64_t> expert_counts(std::size_t layer) const;
  // [MoE layers]: of the pairs, those dropped for lack of capacity.
  std::span<std::int64_t> dropped();
  std::span<const std::int64_t> dropped() const;

  // [experts, bias_bins] of the layer-th MoE layer.
  std::span<std::int64_t> required_biases(std::size_t layer);
  std::span<const std::int64_t> required_biases(std::size_t layer) const;

  // All of them, to be summed over the ranks.
  Tensor words() { return tensor_of(words_.data(), {std::ssize(words_)}); }

 private:
  enum class Word : std::size_t {
    loss,
    balance_loss,
    z_loss,
    broken,
    rows_on_own_rank,
    rows_on_own_node,
    rows_to_other_nodes,
    guest_copies,
    max_rows_before,
    max_rows,
    rows,
    first_dropped  // of the MoE layers; then the counts of their experts, their biases, and what
                   // modules of multi-token prediction have
  };
  std::int64_t& word(Word which) { return words_[static_cast<std::size_t>(which)]; }
  std::int64_t word(Word which) const { return words_[static_cast<std::size_t>(which)]; }

  std::size_t first_count() const;
  std::size_t first_bias(std::size_t layer) const;
  std::size_t first_mtp() const { return first_bias(num_moe_layers_); }

  std::size_t num_moe_layers_, num_experts_, bias_bins_, mtp_depth_;
  std::vector<std::int64_t> words_;
};

}  // namespace switchyard
