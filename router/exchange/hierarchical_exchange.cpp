#include "router/exchange/hierarchical_exchange.h"

#include "router/exchange/parcel.h"
#include "router/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// Packed rows as elements of four bytes, which the row ops move without looking at them.
Tensor as_words(Tensor packed) {
  return {packed.data, {packed.rows(), packed.cols() / 4}, DType::f32, packed.device};
}

}  // namespace

HierarchicalExchange::HierarchicalExchange(Payload payload, int ranks_per_node, Comm& experts)
    : payload_(payload),
      experts_(experts),
      topology_(make_topology(experts, ranks_per_node)),
      rails_(make_rails(topology_, experts)) {}

void HierarchicalExchange::prepare(Plan& plan, Arena& arena, Stream& stream) {
  const Span span(stream, "plan");
  make_hops(topology_, rails_, plan, arena, stream);
}

void HierarchicalExchange::dispatch(Tensor x, Tensor weight, const Plan& plan, Tensor rows,
                                    Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Hops& hops = plan.hops;
  const std::int64_t bytes = payload_row_bytes(payload_, x.cols());
  const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);

  const Tensor leaving = arena.take({hops.token_of_crossing.size(), bytes}, DType::u8);
  pack_rows(payload_, x, hops.token_of_crossing, leaving, stream);
  const Tensor crossed = arena.take({total_of(hops.cross_receive), bytes}, DType::u8);
  send_rows(*rails_.across, leaving, hops.cross_send, crossed, hops.cross_receive, stream);

  const Tensor relayed = arena.take({hops.crossing_of_relayed.size(), bytes}, DType::u8);
  {
    const Span span(stream, "permute");
    RouterOps::on(stream.device())
        .gather_rows(as_words(crossed), hops.crossing_of_relayed, as_words(relayed), stream);
  }
  const Tensor arriving = arena.take({plan.num_received, bytes}, DType::u8);
  send_rows(*topology_.node, relayed, hops.relay_send, arriving, hops.relay_receive, stream);

  const Tensor row = picked(plan.row_of_received, hops.received_of_relayed, arena, stream);
  const Tensor scale =
      given(weights) ? picked(weights, hops.received_of_relayed, arena, stream) : Tensor{};
  unpack_rows(payload_, arriving, Tensor{}, scale, rows, row, stream);
  zero_padding(plan.segments, rows, stream);
}

void HierarchicalExchange::combine(Tensor rows, const Plan& plan, Tensor slots, Arena& arena,
                                   Stream& stream) {
  const ArenaScope scope(arena);
  const Hops& hops = plan.hops;
  const std::int64_t bytes = payload_row_bytes(payload_, slots.cols());
  const Tensor leaving = arena.take({plan.num_received, bytes}, DType::u8);
  pack_rows(payload_, rows, picked(plan.row_of_received, hops.received_of_relayed, arena, stream),
            leaving, stream);
  const Tensor relayed = arena.take({hops.crossing_of_relayed.size(), bytes}, DType::u8);
  send_rows(*topology_.node, leaving, hops.relay_receive, relayed, hops.relay_send, stream);

  const Tensor crossing = arena.take(relayed.shape, DType::u8);
  {
    const Span span(stream, "permute");
    RouterOps::on(stream.device())
        .scatter_rows(as_words(relayed), hops.return_of_relayed, as_words(crossing), stream);
  }
  const Tensor arriving = arena.take({plan.num_slots, bytes}, DType::u8);
  send_rows(*rails_.across, crossing, hops.return_send, arriving, hops.return_receive, stream);
  unpack_rows(payload_, arriving, Tensor{}, Tensor{}, slots, hops.slot_of_return, stream);
}

}  // namespace switchyard
