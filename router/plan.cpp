#include "router/plan.h"

#include <numeric>

#include "runtime/trace.h"

namespace switchyard {
namespace {

// A stable counting sort of the (token, choice) pairs by expert; dropped ones have no slot.
void sort_choices(const Routing& routing, Arena& arena, Plan& plan) {
  const std::int64_t pairs = routing.expert.size();
  const std::int64_t top_k = pairs == 0 ? 1 : routing.expert.cols();
  plan.num_slots = std::accumulate(routing.counts.begin(), routing.counts.end(), std::int64_t{0});
  plan.token_of_slot = arena.take({plan.num_slots}, DType::i32);
  plan.slot_of_choice = arena.take(routing.expert.shape, DType::i32);
  std::vector<std::int64_t> next(routing.counts.size());
  std::exclusive_scan(routing.counts.begin(), routing.counts.end(), next.begin(), std::int64_t{0});
  const auto* expert = routing.expert.as<std::int32_t>();
  auto* token_of_slot = plan.token_of_slot.as<std::int32_t>();
  auto* slot_of_choice = plan.slot_of_choice.as<std::int32_t>();
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    if (expert[pair] < 0) {
      slot_of_choice[pair] = -1;
      continue;
    }
    const std::int64_t slot = next[static_cast<std::size_t>(expert[pair])]++;
    token_of_slot[slot] = static_cast<std::int32_t>(pair / top_k);
    slot_of_choice[pair] = static_cast<std::int32_t>(slot);
  }
}

// incoming[source * hosted + slot]: rows that `source` sends for my expert `slot`.
std::vector<std::int64_t> exchange_counts(const std::vector<std::int64_t>& counts,
                                          const Placement& placement, Comm& experts,
                                          Stream& stream) {
  const auto num_ranks = static_cast<std::size_t>(experts.size());
  const std::int64_t hosted = placement.num_hosted(experts.rank());
  std::vector<std::int64_t> send(num_ranks), receive(num_ranks, hosted);
  for (std::size_t rank = 0; rank < num_ranks; ++rank)
    send[rank] = placement.num_hosted(static_cast<int>(rank));
  std::vector<std::int64_t> incoming(num_ranks * static_cast<std::size_t>(hosted));
  experts.all_to_all_rows(tensor_of(counts.data(), {std::ssize(counts), 1}), send,
                          tensor_of(incoming.data(), {std::ssize(incoming), 1}), receive, stream);
  return incoming;
}

// Segments in the order (slot, source), each starting where the last one's padding ends.
void lay_out_segments(const std::vector<std::int64_t>& incoming, std::int64_t num_ranks,
                      std::int64_t hosted, Plan& plan) {
  plan.segments.clear();
  plan.num_shard_rows = 0;
  for (std::int64_t slot = 0; slot < hosted; ++slot) {
    for (std::int64_t source = 0; source < num_ranks; ++source) {
      const std::int64_t rows = incoming[static_cast<std::size_t>(source * hosted + slot)];
      plan.segments.push_back({static_cast<int>(slot), plan.num_shard_rows, rows});
      plan.num_shard_rows = plan.segments.back().end();
    }
  }
}

}  // namespace

void make_plan(const Routing& routing, const Placement& placement, Comm& experts, Arena& arena,
               Plan& plan, Stream& stream) {
  const Span span(stream, "plan");
  const auto num_ranks = static_cast<std::size_t>(experts.size());
  const std::int64_t hosted = placement.num_hosted(experts.rank());
  sort_choices(routing, arena, plan);
  plan.outgoing = routing.counts;
  plan.send.assign(num_ranks, 0);
  for (int expert = 0; expert < placement.num_experts(); ++expert) {
    plan.send[static_cast<std::size_t>(placement.host(expert))] +=
        routing.counts[static_cast<std::size_t>(expert)];
  }
  const std::vector<std::int64_t> incoming =
      exchange_counts(routing.counts, placement, experts, stream);
  lay_out_segments(incoming, experts.size(), hosted, plan);

  plan.receive.assign(num_ranks, 0);
  plan.num_received = std::accumulate(incoming.begin(), incoming.end(), std::int64_t{0});
  plan.row_of_received = arena.take({plan.num_received}, DType::i32);
  auto* row = plan.row_of_received.as<std::int32_t>();
  for (std::size_t source = 0; source < num_ranks; ++source) {
    for (std::int64_t slot = 0; slot < hosted; ++slot) {
      const Segment& segment = plan.segments[static_cast<std::size_t>(slot) * num_ranks + source];
      std::iota(row, row + segment.rows, static_cast<std::int32_t>(segment.begin));
      row += segment.rows;
      plan.receive[source] += segment.rows;
    }
  }
}

}  // namespace switchyard
