// What the host learns of a micro-batch's choices. The device counts and sums; one read, the only
// one of a layer, brings all of it.
#include "router/gate/gate.h"
#include "router/payload.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"

namespace switchyard {
namespace {

constexpr std::int64_t number_bytes = 8;  // of a count and of a sum
constexpr std::int64_t bias_bytes = 4;

// Counts and sums side by side, so that one read brings them.
struct Numbers {
  Tensor counts;  // [runs, 2, experts], see GateOps::count_choices
  Tensor sums;    // [runs, experts + 1], see GateOps::sum_probabilities
  Tensor biases;  // [experts, bins], see GateOps::count_required_biases

  static std::int64_t bytes(std::int64_t runs, std::int64_t experts, std::int64_t bias_bins) {
    return number_bytes * runs * (3 * experts + 1) + bias_bytes * experts * bias_bins;
  }
  Numbers(Tensor scratch, std::int64_t runs, std::int64_t experts, std::int64_t bias_bins)
      : counts{scratch.data, {runs, 2, experts}, DType::i64, scratch.device},
        sums{scratch.as<std::uint8_t>() + counts.bytes(),
             {runs, experts + 1},
             DType::f64,
             scratch.device},
        biases{scratch.as<std::uint8_t>() + counts.bytes() + sums.bytes(),
               {experts, bias_bins},
               DType::i32,
               scratch.device} {}
};

void queue_tally(const Routing& routing, const Numbers& numbers, Stream& stream) {
  GateOps& ops = GateOps::on(stream.device());
  ops.count_choices(routing.expert, numbers.counts, stream);
  if (given(routing.probability)) {
    ops.sum_probabilities(routing.probability, routing.log_sum, numbers.sums, stream);
  } else {  // a hash gate has no probabilities
    RuntimeOps::on(stream.device()).zero(numbers.sums, stream);
  }
}

}  // namespace

// Sequences of unequal lengths, which occur outside training only, are one run.
std::int64_t Gate::num_runs(const Batch& batch, std::int64_t tokens) const {
  const bool by_sequence = balance_over_ == BalanceOver::sequence && batch.num_sequences > 0 &&
                           tokens % batch.num_sequences == 0;
  return by_sequence ? batch.num_sequences : 1;
}

std::int64_t Gate::num_runs_of(const RouterConfig& config, std::int64_t num_sequences) {
  return config.balance_over == BalanceOver::sequence ? num_sequences : 1;
}

Tensor Gate::take_tally(Arena& arena, std::int64_t runs, std::int64_t num_experts,
                        std::int64_t bias_bins) {
  return arena.take({Numbers::bytes(runs, num_experts, bias_bins)}, DType::u8);
}

void Gate::tally(const Batch& batch, Routing& routing, Arena& arena, Stream& stream) const {
  const auto experts = static_cast<std::size_t>(num_experts_);
  const std::int64_t tokens = routing.expert.rows(), runs = num_runs(batch, tokens);
  const std::int64_t bias_bins = batch.step >= 0 ? bias_bins_of(config_) : 0;
  routing.counts.assign(experts, 0);
  routing.wanted.assign(experts, 0);
  routing.wanted_of_runs.clear();
  routing.probability_of_runs.clear();
  routing.log_sum_squares = 0.0;
  routing.required_biases.clear();
  if (tokens == 0) return;
  const Tensor scratch = take_tally(arena, runs, num_experts_, bias_bins);
  const Numbers counted(scratch, runs, num_experts_, bias_bins);
  queue_tally(routing, counted, stream);
  if (bias_bins > 0) {
    GateOps::on(stream.device())
        .count_required_biases(routing.logits, on_device(bias_, arena, stream), config_.top_k,
                               BiasBins::around(bias()), counted.biases, stream);
  }
  const HostRead here(scratch, stream);
  const Numbers numbers(here.tensor(), runs, num_experts_, bias_bins);
  routing.required_biases.assign(numbers.biases.as<std::int32_t>(),
                                 numbers.biases.as<std::int32_t>() + numbers.biases.size());
  for (std::int64_t run = 0; run < runs; ++run) {
    const auto* kept = numbers.counts.as<std::int64_t>() + run * 2 * num_experts_;
    // Experts that choose turn no token away.
    const auto* wanted = picking_ == Picking::tokens ? kept : kept + num_experts_;
    const auto* sum = numbers.sums.as<double>() + run * (num_experts_ + 1);
    for (std::size_t e = 0; e < experts; ++e) {
      routing.counts[e] += kept[e];
      routing.wanted[e] += wanted[e];
    }
    routing.wanted_of_runs.insert(routing.wanted_of_runs.end(), wanted, wanted + experts);
    routing.probability_of_runs.insert(routing.probability_of_runs.end(), sum, sum + experts);
    routing.log_sum_squares += sum[experts];
  }
}

}  // namespace switchyard
