#include "router/exchange/node_sums_exchange.h"

#include <algorithm>

#include "router/exchange/parcel.h"
#include "router/ops.h"
#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// [num, most] i32, row n: the places i where index[i] = n, ascending; -1 fills up.
Tensor places_of(Tensor index, std::int64_t num, Arena& arena, Stream& stream) {
  const HostRead names(index, stream);
  const auto* name = names.as<std::int32_t>();
  Counts count(to_index(num), 0);
  for (std::int64_t i = 0; i < index.size(); ++i) ++count[to_index(name[i])];
  const std::int64_t most =
      count.empty() ? 1 : std::max<std::int64_t>(1, *std::max_element(count.begin(), count.end()));
  HostWrite table(arena.take({num, most}, DType::i32), stream);
  auto* place = table.as<std::int32_t>();
  std::fill_n(place, num * most, -1);
  std::fill(count.begin(), count.end(), 0);
  for (std::int64_t i = 0; i < index.size(); ++i)
    place[name[i] * most + count[to_index(name[i])]++] = static_cast<std::int32_t>(i);
  return table.send();
}

// out[n]: the sum of the rows in row n of `places`.
void sum_places(Tensor rows, Tensor places, Tensor out, Stream& stream) {
  const Span span(stream, "permute");
  RouterOps::on(stream.device()).sum_choices(rows, Tensor{}, places, out, stream);
}

}  // namespace

void NodeSumsExchange::prepare(Plan& plan, Arena& arena, Stream& stream) {
  HierarchicalExchange::prepare(plan, arena, stream);
  const Span span(stream, "plan");
  Hops& hops = plan.hops;
  hops.relayed_of_crossing =
      places_of(hops.crossing_of_relayed, total_of(hops.cross_receive), arena, stream);
  hops.crossing_of_token =
      places_of(hops.token_of_crossing, plan.slot_of_choice.rows(), arena, stream);
}

// What the experts of my node made, times weights: [relayed, hidden].
Tensor NodeSumsExchange::to_relays(Tensor rows, Tensor weights, const Plan& plan, Arena& arena,
                                   Stream& stream) {
  const Hops& hops = plan.hops;
  const Tensor leaving = arena.take({plan.num_received, rows.cols()});
  const Tensor row = picked(plan.row_of_received, hops.received_of_relayed, arena, stream);
  const Tensor scale =
      given(weights) ? picked(weights, hops.received_of_relayed, arena, stream) : Tensor{};
  unpack_rows(Payload::f32, as_bytes(rows), row, scale, leaving, Tensor{}, stream);
  const Tensor relayed = arena.take({hops.crossing_of_relayed.size(), rows.cols()});
  send_rows(*topology_.node, leaving, hops.relay_receive, relayed, hops.relay_send, stream);
  return relayed;
}

// What relays summed of my tokens: [crossings, hidden].
Tensor NodeSumsExchange::sent_across(Tensor sums, const Hops& hops, Arena& arena, Stream& stream) {
  const Tensor returned = arena.take({hops.token_of_crossing.size(), sums.cols()});
  if (payload_ == Payload::f32) {
    send_rows(*rails_.across, sums, hops.cross_receive, returned, hops.cross_send, stream);
    return returned;
  }
  const std::int64_t bytes = payload_row_bytes(payload_, sums.cols());
  const Tensor leaving = arena.take({sums.rows(), bytes}, DType::u8),
               arriving = arena.take({returned.rows(), bytes}, DType::u8);
  pack_rows(payload_, sums, Tensor{}, leaving, stream);
  send_rows(*rails_.across, leaving, hops.cross_receive, arriving, hops.cross_send, stream);
  unpack_rows(payload_, arriving, Tensor{}, Tensor{}, returned, Tensor{}, stream);
  return returned;
}

void NodeSumsExchange::combine_sums(Tensor rows, Tensor weights, const Plan& plan, Tensor out,
                                    Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Hops& hops = plan.hops;
  const Tensor relayed = to_relays(rows, weights, plan, arena, stream);
  const Tensor sums = arena.take({hops.relayed_of_crossing.rows(), out.cols()});
  sum_places(relayed, hops.relayed_of_crossing, sums, stream);
  sum_places(sent_across(sums, hops, arena, stream), hops.crossing_of_token, out, stream);
}

}  // namespace switchyard
