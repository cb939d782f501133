#include "router/exchange.h"

#include "router/ops.h"
#include "runtime/ops.h"
#include "runtime/trace.h"

namespace switchyard {

void Exchange::dispatch(Tensor slots, const Plan& plan, Tensor shard_rows, Arena& arena,
                        Stream& stream) const {
  const Span span(stream, "exchange");
  const Tensor received = arena.take({plan.num_received, slots.cols()});
  experts_.all_to_all_rows(slots, plan.send, received, plan.receive, stream);
  RouterOps& ops = RouterOps::on(stream.device());
  ops.scatter_rows(received, plan.row_of_received, shard_rows, stream);
  for (const Segment& segment : plan.segments) {
    RuntimeOps::on(stream.device())
        .zero(shard_rows.row_range(segment.begin + segment.rows, segment.end()), stream);
  }
}

void Exchange::combine(Tensor shard_rows, const Plan& plan, Tensor slots, Arena& arena,
                       Stream& stream) const {
  const Span span(stream, "exchange");
  const Tensor returning = arena.take({plan.num_received, slots.cols()});
  RouterOps::on(stream.device()).gather_rows(shard_rows, plan.row_of_received, returning, stream);
  experts_.all_to_all_rows(returning, plan.receive, slots, plan.send, stream);
}

}  // namespace switchyard
