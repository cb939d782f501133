#include "router/mixture/mixture.h"

#include "router/row_ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

Mixture::Saved Mixture::Saved::take(Arena& arena, std::int64_t shard_rows, std::int64_t slots,
                                    std::int64_t hidden) {
  return {arena.take({shard_rows, hidden}), arena.take({slots, hidden})};
}

void Mixture::forward(Tensor x, const Call& call, Saved& saved, Tensor out, Arena& kept) const {
  const Plan& plan = call.prepared.plan;
  saved = Saved::take(kept, plan.num_shard_rows, plan.num_slots, x.cols());
  const Tensor results = exchange_.take_results(plan, x.cols(), call.scratch);
  exchange_.round_trip(
      {x, Tensor{}, saved.rows, results, saved.results}, call.prepared,
      [&](const Chunk& chunk) { call.experts(chunk, saved.rows, results); }, call.scratch,
      call.stream);
  const Span span(call.stream, "permute");
  RowOps::on(call.stream.device())
      .sum_choices(saved.results, call.weight, plan.slot_of_choice, out, call.stream);
}

void Mixture::backward(Tensor d_out, const Call& call, const Saved& saved, Tensor d_weight,
                       Tensor d_x) const {
  const Plan& plan = call.prepared.plan;
  RowOps& ops = RowOps::on(call.stream.device());
  {
    const Span span(call.stream, "permute");
    ops.dot_choices(d_out, saved.results, plan.slot_of_choice, d_weight, call.stream);
  }
  const Tensor d_slots = saved.results;
  const Tensor d_results = call.scratch.take(saved.rows.shape),
               d_rows = exchange_.take_results(plan, d_out.cols(), call.scratch);
  exchange_.round_trip(
      {d_out, call.weight, d_results, d_rows, d_slots}, call.prepared,
      [&](const Chunk& chunk) { call.experts(chunk, d_results, d_rows); }, call.scratch,
      call.stream);
  const Span span(call.stream, "permute");
  ops.sum_choices(d_slots, Tensor{}, plan.slot_of_choice, d_x, call.stream);
}

}  // namespace switchyard
