#include "router/exchange/flat_exchange.h"

#include "router/exchange/packed_rows.h"
#include "router/exchange/row_weights.h"

namespace switchyard {

void FlatExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                            Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);
  const PackedRows packed = pack_dispatch(payload_, x, all, arena, stream);
  send_packed(experts_, packed, stream);
  unpack_dispatch(packed, x, weights, all, rows, arena, stream);
  zero_padding(plan.segments, rows, arena, stream);
}

void FlatExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
                           Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  const PackedRows packed = pack_combine(payload_, rows, all, slots, arena, stream);
  send_packed(experts_, packed, stream);
  unpack_combine(packed, rows, all, slots, arena, stream);
}

}  // namespace switchyard
