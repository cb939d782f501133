#include "router/exchange/hierarchical_exchange.h"

#include "router/exchange/packed_rows.h"
#include "router/exchange/row_weights.h"
#include "router/row_ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// Packed rows as elements of four bytes, which RowOps moves without reading their values.
Tensor as_words(Tensor packed) {
  return {packed.data, {packed.rows(), packed.cols() / 4}, DType::f32, packed.device};
}

struct RelayedPlan final : PreparedPlan {
  RelayedPlan(Plan of, RelayPlan by) : PreparedPlan(std::move(of)), relay(std::move(by)) {}

  const RelayPlan relay;
};

const RelayPlan& relay_of(const PreparedPlan& prepared) {
  return dynamic_cast<const RelayedPlan&>(prepared).relay;
}

}  // namespace

HierarchicalExchange::HierarchicalExchange(Payload payload, int ranks_per_node, Comm& experts)
    : payload_(payload),
      experts_(experts),
      topology_(make_topology(experts, ranks_per_node)),
      rails_(make_rails(topology_, experts)) {}

std::unique_ptr<const PreparedPlan> HierarchicalExchange::prepare(Plan plan, Arena& arena,
                                                                  Stream& stream) {
  const Span span(stream, "plan");
  RelayPlan relay = make_relay_plan(topology_, rails_, plan, arena, stream);
  return std::make_unique<const RelayedPlan>(std::move(plan), std::move(relay));
}

void HierarchicalExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared,
                                    Tensor rows, Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const RelayPlan& relay = relay_of(prepared);
  const std::int64_t bytes = payload_row_bytes(payload_, x.cols());
  const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);

  const Tensor leaving = arena.take({relay.token_of_crossing.size(), bytes}, DType::u8);
  pack_rows(payload_, x, relay.token_of_crossing, leaving, stream);
  const Tensor crossed = arena.take({total_of(relay.cross_receive), bytes}, DType::u8);
  send_rows(*rails_.across, leaving, relay.cross_send, crossed, relay.cross_receive, stream);

  const Tensor relayed = arena.take({relay.crossing_of_relayed.size(), bytes}, DType::u8);
  {
    const Span span(stream, "permute");
    RowOps::on(stream.device())
        .gather_rows(as_words(crossed), relay.crossing_of_relayed, as_words(relayed), stream);
  }
  const Tensor arriving = arena.take({plan.num_received, bytes}, DType::u8);
  send_rows(*topology_.node, relayed, relay.relay_send, arriving, relay.relay_receive, stream);

  const Tensor row = gathered(plan.row_of_received, relay.received_of_relayed, arena, stream);
  const Tensor scale =
      given(weights) ? gathered(weights, relay.received_of_relayed, arena, stream) : Tensor{};
  unpack_rows(payload_, arriving, Tensor{}, scale, rows, row, stream);
  zero_padding(plan.segments, rows, arena, stream);
}

void HierarchicalExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots,
                                   Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const RelayPlan& relay = relay_of(prepared);
  const std::int64_t bytes = payload_row_bytes(payload_, slots.cols());
  const Tensor leaving = arena.take({plan.num_received, bytes}, DType::u8);
  pack_rows(payload_, rows,
            gathered(plan.row_of_received, relay.received_of_relayed, arena, stream), leaving,
            stream);
  const Tensor relayed = arena.take({relay.crossing_of_relayed.size(), bytes}, DType::u8);
  send_rows(*topology_.node, leaving, relay.relay_receive, relayed, relay.relay_send, stream);

  const Tensor crossing = arena.take(relayed.shape, DType::u8);
  {
    const Span span(stream, "permute");
    RowOps::on(stream.device())
        .scatter_rows(as_words(relayed), relay.return_of_relayed, as_words(crossing), stream);
  }
  const Tensor arriving = arena.take({plan.num_slots, bytes}, DType::u8);
  send_rows(*rails_.across, crossing, relay.return_send, arriving, relay.return_receive, stream);
  unpack_rows(payload_, arriving, Tensor{}, Tensor{}, slots, relay.slot_of_return, stream);
}

}  // namespace switchyard
