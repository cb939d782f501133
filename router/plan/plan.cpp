#include "router/plan/plan.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "router/plan/sequence_counts.h"
#include "router/row_ops.h"
#include "runtime/comm/counts.h"
#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

void count_outgoing(const Routing& routing, const Serving& serving, Plan& plan) {
  plan.hosted = serving.hosted;
  plan.outgoing.assign(to_index(total_of(plan.hosted)), 0);
  for (std::size_t e = 0; e < serving.copy.size(); ++e)
    plan.outgoing[to_index(serving.copy[e])] = routing.counts[e];
  plan.send.clear();
  auto first = plan.outgoing.begin();
  for (const std::int64_t hosted : plan.hosted) {
    plan.send.push_back(std::accumulate(first, first + hosted, std::int64_t{0}));
    first += hosted;
  }
}

// copy: see Serving.
void sort_choices(const Routing& routing, const std::vector<std::int32_t>& copy, Arena& arena,
                  Plan& plan, Stream& stream) {
  plan.num_slots = total_of(plan.outgoing);
  const auto taken =
      SlotTensors::take(arena, plan.num_slots, routing.expert.shape, std::ssize(copy));
  plan.token_of_slot = taken.token_of_slot;
  plan.slot_of_choice = taken.slot_of_choice;
  HostWrite copies(taken.copies, stream);
  std::copy(copy.begin(), copy.end(), copies.as<std::int32_t>());
  RowOps::on(stream.device())
      .sort_choices(on_device(routing.expert, arena, stream), copies.send(),
                    std::ssize(plan.outgoing), plan.token_of_slot, plan.slot_of_choice, stream);
}

// incoming[source * hosted + slot]: rows that `source` sends for this rank's expert `slot`.
Counts exchange_counts(const Plan& plan, Comm& experts, Stream& stream) {
  const std::int64_t hosted = plan.hosted[to_index(experts.rank())];
  const Counts receive(plan.hosted.size(), hosted);
  Counts incoming(plan.hosted.size() * to_index(hosted));
  experts.all_to_all_rows(tensor_of(plan.outgoing.data(), {std::ssize(plan.outgoing), 1}),
                          plan.hosted, tensor_of(incoming.data(), {std::ssize(incoming), 1}),
                          receive, stream);
  return incoming;
}

// Segments are in the order (slot, source); each starts where the padding of the previous one ends.
void lay_out_segments(const Counts& incoming, std::int64_t num_ranks, std::int64_t hosted,
                      Device device, Plan& plan) {
  const std::int64_t tile = row_tile_on(device);
  plan.segments.resize(incoming.size());
  plan.num_shard_rows = 0;
  auto segment = plan.segments.begin();
  for (std::int64_t slot = 0; slot < hosted; ++slot) {
    for (std::int64_t source = 0; source < num_ranks; ++source, ++segment) {
      const std::int64_t rows = incoming[to_index(source * hosted + slot)];
      segment->slot = static_cast<int>(slot);
      segment->begin = plan.num_shard_rows;
      segment->rows = rows;
      segment->padding = (tile - rows % tile) % tile;
      plan.num_shard_rows = segment->end();
    }
  }
}

// Received rows are in the order (source, slot); the rows of a segment are consecutive.
void number_received(std::int64_t num_ranks, std::int64_t hosted, Arena& arena, Plan& plan,
                     Stream& stream) {
  plan.receive.assign(to_index(num_ranks), 0);
  plan.num_received = 0;
  for (const Segment& segment : plan.segments) plan.num_received += segment.rows;
  const auto taken = ReceivedTensors::take(arena, plan.num_received, num_ranks * hosted);
  plan.row_of_received = taken.row_of_received;
  HostWrite runs(taken.runs, stream);
  std::int64_t begin = 0;  // of the segment's rows among those received
  auto* run = runs.as<std::int32_t>();
  for (std::int64_t source = 0; source < num_ranks; ++source) {
    for (std::int64_t slot = 0; slot < hosted; ++slot) {
      const Segment& segment = plan.segments[to_index(slot * num_ranks + source)];
      *run++ = static_cast<std::int32_t>(begin);
      *run++ = static_cast<std::int32_t>(segment.rows);
      *run++ = static_cast<std::int32_t>(segment.begin);
      plan.receive[to_index(source)] += segment.rows;
      begin += segment.rows;
    }
  }
  RowOps::on(stream.device()).number_rows(runs.send(), plan.row_of_received, stream);
}

}  // namespace

SlotTensors SlotTensors::take(Arena& arena, std::int64_t slots, Shape choices,
                              std::int64_t num_experts) {
  return {arena.take({slots}, DType::i32), arena.take(choices, DType::i32),
          arena.take({num_experts}, DType::i32)};
}

ReceivedTensors ReceivedTensors::take(Arena& arena, std::int64_t received, std::int64_t segments) {
  return {arena.take({received}, DType::i32), arena.take({segments, 3}, DType::i32)};
}

Plan make_plan(const Routing& routing, const Placement& placement, Comm& experts, Arena& arena,
               Stream& stream, const PlanSequences& sequences) {
  return make_plan(routing, serving_by(placement, experts.rank()), experts, arena, stream,
                   sequences);
}

Plan make_plan(const Routing& routing, const Serving& serving, Comm& experts, Arena& arena,
               Stream& stream, const PlanSequences& sequences) {
  const Span span(stream, "plan");
  Plan plan;
  const std::vector<std::int32_t>& copy = serving.copy;
  count_outgoing(routing, serving, plan);
  sort_choices(routing, copy, arena, plan, stream);
  const std::int64_t hosted = plan.hosted[to_index(experts.rank())];
  std::optional<SequenceCounts> of_sequences;
  if (sequences.count > 0) of_sequences.emplace(routing, copy, sequences, plan, experts, stream);
  const Counts incoming = of_sequences       ? of_sequences->rows()
                          : serving.incoming ? *serving.incoming
                                             : exchange_counts(plan, experts, stream);
  lay_out_segments(incoming, experts.size(), hosted, stream.device(), plan);
  if (of_sequences) of_sequences->describe(plan);
  number_received(experts.size(), hosted, arena, plan, stream);
  return plan;
}

}  // namespace switchyard
