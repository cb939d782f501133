#include "router/exchange/pipelined_exchange.h"

#include <algorithm>

#include "router/exchange/row_weights.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// max_chunks, but no more than the experts of the fullest rank; the same on all ranks.
int chunks_of(const Plan& plan, int max_chunks) {
  const std::int64_t fullest = *std::max_element(plan.hosted.begin(), plan.hosted.end());
  return std::max(1, std::min(max_chunks, static_cast<int>(fullest)));
}

Chunk chunk_of(const Plan& plan, int chunk, int num_chunks) {
  const std::int64_t num_ranks = std::ssize(plan.send);
  const std::int64_t hosted = std::ssize(plan.segments) / num_ranks;
  const std::int64_t first = hosted * chunk / num_chunks, end = hosted * (chunk + 1) / num_chunks;
  return {std::span(plan.segments)
              .subspan(to_index(first * num_ranks), to_index((end - first) * num_ranks))};
}

}  // namespace

PipelinedExchange::PipelinedExchange(Payload payload, int num_chunks, Device device, Comm& experts)
    : payload_(payload),
      experts_(experts),
      num_chunks_(num_chunks),
      flat_(payload, experts),
      all_to_all_(make_async_all_to_all(device, experts)) {}

void PipelinedExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                                 Arena& arena, Stream& stream) {
  flat_.dispatch(x, weight, prepared, rows, arena, stream);
}

void PipelinedExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots,
                                Arena& arena, Stream& stream) {
  flat_.combine(rows, prepared, slots, arena, stream);
}

PipelinedExchange::Transfer PipelinedExchange::start(const PackedRows& packed, Stream& stream) {
  const Arrival arrival = all_to_all_->start(packed, stream);
  return {packed, [arrival](Stream& waiting) {
            const Span span(waiting, "exchange");
            arrival(waiting);
          }};
}

// Transfers run in the order dispatch 0, dispatch 1, combine 0, dispatch 2, combine 1, ... on every
// rank.
void PipelinedExchange::round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                                   const ExpertWork& work, Arena& arena, Stream& stream) {
  const Plan& plan = prepared.plan;
  const ArenaScope scope(arena);
  const int num_chunks = chunks_of(plan, num_chunks_), my_rank = experts_.rank();
  std::vector<PlanPart> parts;
  std::vector<Transfer> dispatches, combines;
  const auto start_dispatch = [&](int chunk) {
    if (chunk >= num_chunks) return;
    parts.push_back(part_of_chunk(plan, my_rank, chunk, num_chunks));
    dispatches.push_back(
        start(pack_dispatch(payload_, trip.x, parts.back(), arena, stream), stream));
  };
  const Tensor weights = weights_of_received(trip.weight, plan, experts_, arena, stream);
  start_dispatch(0);
  for (int chunk = 0; chunk < num_chunks; ++chunk) {
    start_dispatch(chunk + 1);
    const PlanPart& part = parts[to_index(chunk)];
    const Transfer& dispatched = dispatches[to_index(chunk)];
    dispatched.wait_for(stream);
    unpack_dispatch(dispatched.packed, trip.x, weights, part, trip.rows, arena, stream);
    const Chunk ready = chunk_of(plan, chunk, num_chunks);
    zero_padding(ready.segments, trip.rows, arena, stream);
    work(ready);
    combines.push_back(
        start(pack_combine(payload_, trip.results, part, trip.slots, arena, stream), stream));
  }
  for (int chunk = 0; chunk < num_chunks; ++chunk) {
    const Transfer& combined = combines[to_index(chunk)];
    combined.wait_for(stream);
    unpack_combine(combined.packed, trip.results, parts[to_index(chunk)], trip.slots, arena,
                   stream);
  }
}

}  // namespace switchyard
