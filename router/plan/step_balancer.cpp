#include "router/plan/step_balancer.h"

#include "experts/guest_costs.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// Of the busiest rank's time: a smaller gain may be an error of the measured costs.
constexpr double min_gain = 0.05;

}  // namespace

StepConstraints StepBalancer::constraints(const GuestExperts::Home& home, Comm& experts,
                                          Arena& scratch, Stream& stream) {
  if (when_ == StepBalance::always) return {node_of_, guests_.num_slots(), {}, 0.0};
  if (!costs_) costs_ = measured_costs(guests_, home, node_of_, experts, scratch, stream);
  return {node_of_, guests_.num_slots(), *costs_, min_gain};
}

StepBalancer::Balanced StepBalancer::serve(const Routing& routing, const GuestExperts::Home& home,
                                           Comm& experts, Arena& scratch, Stream& stream) {
  const StepConstraints limits = constraints(home, experts, scratch, stream);
  const Span span(stream, "plan");
  Counts mine = routing.counts, rows(mine.size() * to_index(experts.size()));
  experts.all_gather(tensor_of(mine.data(), {std::ssize(mine)}),
                     tensor_of(rows.data(), {std::ssize(rows)}), stream);
  StepPlacement step = place_for_step(home.placement, rows, limits);
  const std::int64_t copies = std::ssize(step.visits);
  return {serving_by(home.placement, step, rows, experts.rank()),
          {std::move(step.visits), copies > 0 ? guests_.next_number() : 0},
          {copies, step.max_rows_before, step.max_rows, total_of(rows)}};
}

}  // namespace switchyard
