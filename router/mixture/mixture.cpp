#include "router/mixture/mixture.h"

#include "router/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

void Mixture::forward(Tensor x, Tensor weight, const Plan& plan, const ExpertPass& experts,
                      Saved& saved, Tensor out, Arena& kept, Arena& scratch,
                      Stream& stream) const {
  saved.rows = kept.take({plan.num_shard_rows, x.cols()});
  saved.results = kept.take({plan.num_slots, x.cols()});
  const Tensor results = exchange_.take_results(plan, x.cols(), scratch);
  exchange_.round_trip(
      x, Tensor{}, plan, saved.rows,
      [&](const Chunk& chunk) { experts(chunk, saved.rows, results); }, results, saved.results,
      scratch, stream);
  const Span span(stream, "permute");
  RouterOps::on(stream.device())
      .sum_choices(saved.results, weight, plan.slot_of_choice, out, stream);
}

void Mixture::backward(Tensor d_out, Tensor weight, const Plan& plan, const ExpertPass& experts,
                       const Saved& saved, Tensor d_weight, Tensor d_x, Arena& scratch,
                       Stream& stream) const {
  RouterOps& ops = RouterOps::on(stream.device());
  {
    const Span span(stream, "permute");
    ops.dot_choices(d_out, saved.results, plan.slot_of_choice, d_weight, stream);
  }
  const Tensor d_slots = saved.results;
  const Tensor d_results = scratch.take(saved.rows.shape),
               d_rows = exchange_.take_results(plan, d_out.cols(), scratch);
  exchange_.round_trip(
      d_out, weight, plan, d_results,
      [&](const Chunk& chunk) { experts(chunk, d_results, d_rows); }, d_rows, d_slots, scratch,
      stream);
  const Span span(stream, "permute");
  ops.sum_choices(d_slots, Tensor{}, plan.slot_of_choice, d_x, stream);
}

}  // namespace switchyard
