// Exchange: how rows travel between the ranks of an expert group. The backward of dispatch is
// combine, and the reverse.
#pragma once

#include "router/plan.h"
#include "runtime/comm.h"

namespace switchyard {

// Collective over the expert group, with zero rows too. The exact all-to-all: every row travels
// once, none is padded.
class Exchange {
 public:
  explicit Exchange(Comm& experts) : experts_(experts) {}

  // slots: [num_slots, hidden], at home -> shard_rows: [num_shard_rows, hidden], at the experts;
  // padding rows become zero.
  void dispatch(Tensor slots, const Plan& plan, Tensor shard_rows, Arena& arena,
                Stream& stream) const;
  // shard_rows -> slots; padding rows stay behind.
  void combine(Tensor shard_rows, const Plan& plan, Tensor slots, Arena& arena,
               Stream& stream) const;

 private:
  Comm& experts_;
};

}  // namespace switchyard
