#include "router/plan.h"

#include <numeric>

#include "runtime/counts.h"
#include "runtime/host_access.h"
#include "runtime/trace.h"

namespace switchyard {
namespace {

// copy[e]: the copy of expert e that serves this rank.
std::vector<std::int64_t> copies_for(const Placement& placement, int rank) {
  std::vector<std::int64_t> copy;
  for (int expert = 0; expert < placement.num_experts(); ++expert)
    copy.push_back(placement.copy_for(expert, rank));
  return copy;
}

void count_outgoing(const Routing& routing, const Placement& placement,
                    const std::vector<std::int64_t>& copy, Plan& plan) {
  const int num_ranks = placement.num_ranks();
  plan.outgoing.assign(at(placement.num_copies()), 0);
  for (std::size_t e = 0; e < copy.size(); ++e) plan.outgoing[at(copy[e])] = routing.counts[e];
  plan.send.assign(at(num_ranks), 0);
  plan.hosted.assign(at(num_ranks), 0);
  for (int rank = 0; rank < num_ranks; ++rank) {
    plan.hosted[at(rank)] = placement.num_hosted(rank);
    const auto first = plan.outgoing.begin() + placement.first_copy(rank);
    plan.send[at(rank)] =
        std::accumulate(first, first + placement.num_hosted(rank), std::int64_t{0});
  }
}

// A stable counting sort of the (token, choice) pairs by copy; dropped ones have no slot.
void sort_choices(const Routing& routing, const std::vector<std::int64_t>& copy, Arena& arena,
                  Plan& plan, Stream& stream) {
  const std::int64_t pairs = routing.expert.size();
  const std::int64_t top_k = pairs == 0 ? 1 : routing.expert.cols();
  plan.num_slots = total_of(plan.outgoing);
  plan.token_of_slot = arena.take({plan.num_slots}, DType::i32);
  plan.slot_of_choice = arena.take(routing.expert.shape, DType::i32);
  const Counts begin = begins_of(plan.outgoing);
  Counts next(copy.size());  // [experts]
  for (std::size_t e = 0; e < copy.size(); ++e) next[e] = begin[at(copy[e])];
  const HostRead choices(routing.expert, stream);
  HostWrite tokens(plan.token_of_slot, stream), slots(plan.slot_of_choice, stream);
  const auto* expert = choices.as<std::int32_t>();
  auto* token_of_slot = tokens.as<std::int32_t>();
  auto* slot_of_choice = slots.as<std::int32_t>();
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    if (expert[pair] < 0) {
      slot_of_choice[pair] = -1;
      continue;
    }
    const std::int64_t slot = next[at(expert[pair])]++;
    token_of_slot[slot] = static_cast<std::int32_t>(pair / top_k);
    slot_of_choice[pair] = static_cast<std::int32_t>(slot);
  }
  tokens.send();
  slots.send();
}

// incoming[source * hosted + slot]: rows that `source` sends for my expert `slot`.
Counts exchange_counts(const Plan& plan, Comm& experts, Stream& stream) {
  const std::int64_t hosted = plan.hosted[at(experts.rank())];
  const Counts receive(plan.hosted.size(), hosted);
  Counts incoming(plan.hosted.size() * at(hosted));
  experts.all_to_all_rows(tensor_of(plan.outgoing.data(), {std::ssize(plan.outgoing), 1}),
                          plan.hosted, tensor_of(incoming.data(), {std::ssize(incoming), 1}),
                          receive, stream);
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
  const std::vector<std::int64_t> copy = copies_for(placement, experts.rank());
  count_outgoing(routing, placement, copy, plan);
  sort_choices(routing, copy, arena, plan, stream);
  const auto num_ranks = at(experts.size());
  const std::int64_t hosted = plan.hosted[at(experts.rank())];
  const Counts incoming = exchange_counts(plan, experts, stream);
  lay_out_segments(incoming, experts.size(), hosted, plan);

  plan.receive.assign(num_ranks, 0);
  plan.num_received = total_of(incoming);
  plan.row_of_received = arena.take({plan.num_received}, DType::i32);
  HostWrite rows(plan.row_of_received, stream);
  auto* row = rows.as<std::int32_t>();
  for (std::size_t source = 0; source < num_ranks; ++source) {
    for (std::int64_t slot = 0; slot < hosted; ++slot) {
      const Segment& segment = plan.segments[static_cast<std::size_t>(slot) * num_ranks + source];
      std::iota(row, row + segment.rows, static_cast<std::int32_t>(segment.begin));
      row += segment.rows;
      plan.receive[source] += segment.rows;
    }
  }
  rows.send();
}

}  // namespace switchyard
