#include "model/transformer/step_sums.h"

namespace switchyard {

StepSums::StepSums(int num_moe_layers, int num_experts, std::int64_t bias_bins, int mtp_depth)
    : num_moe_layers_(static_cast<std::size_t>(num_moe_layers)),
      num_experts_(static_cast<std::size_t>(num_experts)),
      bias_bins_(static_cast<std::size_t>(bias_bins)),
      mtp_depth_(static_cast<std::size_t>(mtp_depth)),
      words_(first_mtp() + 2 * mtp_depth_) {}

std::size_t StepSums::first_count() const {
  return static_cast<std::size_t>(Word::first_dropped) + num_moe_layers_;
}

std::size_t StepSums::first_bias(std::size_t layer) const {
  return first_count() + num_experts_ * (num_moe_layers_ + layer * bias_bins_);
}

void StepSums::add_sent_rows(const SentRows& rows) {
  word(Word::rows_on_own_rank) += rows.own_rank;
  word(Word::rows_on_own_node) += rows.own_node;
  word(Word::rows_to_other_nodes) += rows.other_nodes;
}

SentRows StepSums::sent_rows() const {
  return {word(Word::rows_on_own_rank), word(Word::rows_on_own_node),
          word(Word::rows_to_other_nodes)};
}

void StepSums::add_balance(const StepBalanceReport& report) {
  word(Word::guest_copies) += report.copies;
  word(Word::max_rows_before) += report.max_rows_before;
  word(Word::max_rows) += report.max_rows;
  word(Word::rows) += report.rows;
}

StepBalanceReport StepSums::balance() const {
  return {word(Word::guest_copies), word(Word::max_rows_before), word(Word::max_rows),
          word(Word::rows)};
}

std::span<std::int64_t> StepSums::dropped() {
  return std::span(words_).subspan(static_cast<std::size_t>(Word::first_dropped), num_moe_layers_);
}
std::span<const std::int64_t> StepSums::dropped() const {
  return std::span(words_).subspan(static_cast<std::size_t>(Word::first_dropped), num_moe_layers_);
}

std::span<const std::int64_t> StepSums::expert_counts() const {
  return std::span(words_).subspan(first_count(), num_moe_layers_ * num_experts_);
}
std::span<const std::int64_t> StepSums::expert_counts(std::size_t layer) const {
  return expert_counts().subspan(layer * num_experts_, num_experts_);
}
std::span<std::int64_t> StepSums::expert_counts(std::size_t layer) {
  return std::span(words_).subspan(first_count() + layer * num_experts_, num_experts_);
}

std::span<std::int64_t> StepSums::required_biases(std::size_t layer) {
  return std::span(words_).subspan(first_bias(layer), num_experts_ * bias_bins_);
}
std::span<const std::int64_t> StepSums::required_biases(std::size_t layer) const {
  return std::span(words_).subspan(first_bias(layer), num_experts_ * bias_bins_);
}

}  // namespace switchyard
