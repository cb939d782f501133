// The weights of a plan's choices, in the order of the rows that they scale.
#pragma once

#include "router/plan/plan.h"

namespace switchyard {

// out[i] = values[index[i]], elements of four bytes.
Tensor gathered(Tensor values, Tensor index, Arena& arena, Stream& stream);
// weight[t, c] by slot, on the tokens' rank: [num_slots].
Tensor weights_of_slots(Tensor weight, const Plan& plan, Arena& arena, Stream& stream);
// Collective. The weights of all received rows, [num_received]; Tensor{} if weight is.
Tensor weights_of_received(Tensor weight, const Plan& plan, Comm& experts, Arena& arena,
                           Stream& stream);

}  // namespace switchyard
