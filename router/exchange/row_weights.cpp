#include "router/exchange/row_weights.h"

#include "router/exchange/packed_rows.h"
#include "router/row_ops.h"

namespace switchyard {

Tensor gathered(Tensor values, Tensor index, Arena& arena, Stream& stream) {
  const Tensor out = arena.take({index.size()}, values.dtype);
  const auto column = [](Tensor tensor) {
    return Tensor{tensor.data, {tensor.size(), 1}, DType::f32, tensor.device};
  };
  RowOps::on(stream.device()).gather_rows(column(values), index, column(out), stream);
  return out;
}

Tensor weights_of_slots(Tensor weight, const Plan& plan, Arena& arena, Stream& stream) {
  const Tensor by_slot = arena.take({plan.num_slots});
  RowOps::on(stream.device()).place_choices(weight, plan.slot_of_choice, by_slot, stream);
  return by_slot;
}

Tensor weights_of_received(Tensor weight, const Plan& plan, Comm& experts, Arena& arena,
                           Stream& stream) {
  if (!given(weight)) return {};
  const Tensor received = arena.take({plan.num_received, 1});
  send_rows(experts, weights_of_slots(weight, plan, arena, stream).view({plan.num_slots, 1}),
            plan.send, received, plan.receive, stream);
  return received.view({plan.num_received});
}

}  // namespace switchyard
