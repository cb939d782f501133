#include "router/exchange/flat_exchange.h"

#include "router/exchange/parcel.h"

namespace switchyard {

void FlatExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                            Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);
  const Parcel parcel = pack_dispatch(payload_, x, plan, all, arena, stream);
  send_parcel(experts_, parcel, stream);
  unpack_dispatch(payload_, parcel, x, weights, plan, all, rows, arena, stream);
  zero_padding(plan.segments, rows, stream);
}

void FlatExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
                           Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  const Parcel parcel = pack_combine(payload_, rows, plan, all, slots, arena, stream);
  send_parcel(experts_, parcel, stream);
  unpack_combine(payload_, parcel, rows, plan, all, slots, arena, stream);
}

}  // namespace switchyard
