#include "router/exchange/pipelined_exchange.h"

#include <algorithm>

#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// As many as asked for, on a rank that has so many experts; the same on all ranks.
int chunks_of(const Plan& plan, int most) {
  const std::int64_t fullest = *std::max_element(plan.hosted.begin(), plan.hosted.end());
  return std::max(1, std::min(most, static_cast<int>(fullest)));
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
      courier_(make_courier(device, experts)) {}

void PipelinedExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                                 Arena& arena, Stream& stream) {
  flat_.dispatch(x, weight, prepared, rows, arena, stream);
}

void PipelinedExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots,
                                Arena& arena, Stream& stream) {
  flat_.combine(rows, prepared, slots, arena, stream);
}

PipelinedExchange::Leg PipelinedExchange::send(const Parcel& parcel, Stream& stream) {
  const Arrival arrival = courier_->send(parcel, stream);
  return {parcel, [arrival](Stream& waiting) {
            const Span span(waiting, "exchange");
            arrival(waiting);
          }};
}

// Legs travel in the order dispatch 0, dispatch 1, combine 0, dispatch 2, combine 1, ... on every
// rank.
void PipelinedExchange::round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                                   const ExpertWork& work, Arena& arena, Stream& stream) {
  const Plan& plan = prepared.plan;
  const ArenaScope scope(arena);
  const int num_chunks = chunks_of(plan, num_chunks_), me = experts_.rank();
  std::vector<PlanPart> parts;
  std::vector<Leg> out, back;
  const auto depart = [&](int chunk) {
    if (chunk >= num_chunks) return;
    parts.push_back(part_of_chunk(plan, me, chunk, num_chunks));
    out.push_back(send(pack_dispatch(payload_, trip.x, plan, parts.back(), arena, stream), stream));
  };
  const Tensor weights = weights_of_received(trip.weight, plan, experts_, arena, stream);
  depart(0);
  for (int chunk = 0; chunk < num_chunks; ++chunk) {
    depart(chunk + 1);
    out[to_index(chunk)].wait_for(stream);
    unpack_dispatch(payload_, out[to_index(chunk)].parcel, trip.x, weights, plan,
                    parts[to_index(chunk)], trip.rows, arena, stream);
    const Chunk ready = chunk_of(plan, chunk, num_chunks);
    zero_padding(ready.segments, trip.rows, stream);
    work(ready);
    back.push_back(send(pack_combine(payload_, trip.results, plan, parts[to_index(chunk)],
                                     trip.slots, arena, stream),
                        stream));
  }
  for (int chunk = 0; chunk < num_chunks; ++chunk) {
    back[to_index(chunk)].wait_for(stream);
    unpack_combine(payload_, back[to_index(chunk)].parcel, trip.results, plan,
                   parts[to_index(chunk)], trip.slots, arena, stream);
  }
}

}  // namespace switchyard
