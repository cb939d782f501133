// The arithmetic of the optimizer, over flat ranges of parameters. All f32 unless said otherwise;
// sizes are checked (Exit::internal). No result depends on the thread count.
#pragma once

#include "runtime/stream.h"
#include "runtime/tensor.h"
#include "train/math.h"

namespace switchyard {

class TrainOps {
 public:
  virtual ~TrainOps() = default;
  // Errors: Exit::usage if this build has no kernels for the device.
  static TrainOps& on(Device device);

  // One AdamW update of every element, in place. All tensors of one size. A range of at most
  // param_block elements runs on the calling thread, so callers may loop over blocks in parallel
  // themselves.
  virtual void adamw(Tensor gradient, const AdamWStep& step, Tensor value, Tensor first_moment,
                     Tensor second_moment, Stream& stream) = 0;

  // out[b] = sum of squares of x over its b-th block of param_block elements, in double and in
  // sixteen fixed lanes. out: f64, [number of blocks].
  virtual void sum_squares(Tensor x, Tensor out, Stream& stream) = 0;
};

}  // namespace switchyard
