#include "router/mixture/layer_memory.h"

#include <algorithm>

#include "router/exchange/exchange_memory.h"
#include "router/mixture/mixture.h"

namespace switchyard {
namespace {

constexpr bool training = true;

std::int64_t divided_up(std::int64_t count, std::int64_t parts) {
  return (count + parts - 1) / parts;
}

// Of an even load, scaled like `rows.received`.
ExchangeRows exchange_rows(const ExpectedRows& rows) {
  return {.slots = rows.slots,
          .received = rows.received,
          .own = divided_up(rows.received, rows.num_ranks),
          .crossings = rows.slots,
          .crossed = rows.received,
          .relayed = std::max(rows.slots, rows.received),
          .hosted = divided_up(rows.segments, rows.num_ranks)};
}

}  // namespace

LayerMemory::LayerMemory(const RouterConfig& config, const ExpectedRows& rows, std::int64_t hidden,
                         int num_experts, Device device)
    : config_(config),
      rows_(rows),
      hidden_(hidden),
      num_experts_(num_experts),
      device_(device),
      sizes_(Gate::sizes_of(config, num_experts, hidden, rows.tokens, training)) {}

void LayerMemory::take_routing(Arena& routing, std::int64_t rank) const {
  RoutingSizes sizes = sizes_;
  sizes.rank = rank;
  Routing().take(routing, sizes);
  const std::int64_t bias_bins = Gate::bias_bins_of(config_);
  Gate::take_tally(routing, Gate::num_runs_of(config_, rows_.sequences), num_experts_, bias_bins);
  // On a GPU the gate reads a copy of its bias, and counts what it should be by another one.
  for (int copies = bias_bins > 0 ? 2 : 1; copies > 0; --copies)
    if (device_ != Device::cpu() && config_.gate == GateKind::sigmoid) routing.take({num_experts_});
  SlotTensors::take(routing, rows_.slots, {sizes_.tokens, sizes_.choices}, num_experts_);
  ReceivedTensors::take(routing, rows_.received, rows_.segments);
  take_prepared(config_, exchange_rows(rows_), routing);
}

void LayerMemory::take_round_trip(bool weighted, Arena& scratch) const {
  count_round_trip(config_, exchange_rows(rows_), hidden_, weighted, scratch);
}

void LayerMemory::take_forward(Arena& kept, Arena& scratch) const {
  Mixture::Saved::take(kept, rows_.shard_rows, rows_.slots, hidden_);
  scratch.take({rows_.shard_rows, hidden_});  // Exchange::take_results
  take_round_trip(false, scratch);
}

void LayerMemory::take_backward(Arena& scratch) const {
  scratch.take({sizes_.tokens, sizes_.choices});  // the gradient by the weights
  scratch.take({rows_.shard_rows, hidden_});      // the gradient by the results
  scratch.take({rows_.shard_rows, hidden_});      // Exchange::take_results
  take_round_trip(true, scratch);
}

void LayerMemory::take_gate_backward(Arena& scratch) const {
  if (!sizes_.scores) return;
  Gate::BackwardScratch::take(scratch, sizes_);
  // On a GPU it reads a copy of the balance loss's slopes.
  if (device_ != Device::cpu())
    scratch.take({Gate::num_runs_of(config_, rows_.sequences), num_experts_});
}

}  // namespace switchyard
