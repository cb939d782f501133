#include "router/exchange/exchange.h"

namespace switchyard {

std::unique_ptr<const PreparedPlan> Exchange::prepare(Plan plan, Arena&, Stream&) {
  return std::make_unique<const PreparedPlan>(std::move(plan));
}

Tensor Exchange::take_results(const Plan& plan, std::int64_t hidden, Arena& arena) {
  return arena.take({plan.num_shard_rows, hidden});
}

void Exchange::round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                          const ExpertWork& work, Arena& arena, Stream& stream) {
  dispatch(trip.x, trip.weight, prepared, trip.rows, arena, stream);
  work({prepared.plan.segments});
  combine(trip.results, prepared, trip.slots, arena, stream);
}

}  // namespace switchyard
