// The arithmetic of the optimizer and of the guard, over flat ranges of parameters. All f32 unless
// said otherwise; sizes are checked (Exit::internal). No result depends on the thread count.
#pragma once

#include <vector>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"
#include "train/math.h"

namespace switchyard {

// The tensors that AdamW updates together, all of one size. gradient: f32, or i64 in fixed point
// (AdamWStep::gradient_factor); moments: f32, or bf16 rounded by chance. All parameters of a call
// have them in the same types.
struct AdamWParam {
  Tensor gradient;
  AdamWStep step;
  Tensor value, first_moment, second_moment;
};
// Errors: Exit::internal unless the sizes and types are as AdamWParam says.
void check_adamw(const std::vector<AdamWParam>& params);

// out = gradient * factor, as f32. gradient: f32 or i64; all on the host.
void gradient_as_f32(Tensor gradient, double factor, Tensor out, Stream& stream);

class TrainOps {
 public:
  virtual ~TrainOps() = default;
  // Errors: Exit::usage if this build has no kernels for the device.
  static TrainOps& on(Device device);

  // One AdamW update of every element of each parameter, in place; on a GPU all in one launch.
  virtual void adamw(const std::vector<AdamWParam>& params, Stream& stream) = 0;

  // out[b] = sum of squares of gradient * factor, as f32, over its b-th block of param_block
  // elements, in double and in a fixed order. gradient: f32 or i64; out: f64, [number of blocks].
  virtual void sum_squares(Tensor gradient, double factor, Tensor out, Stream& stream) = 0;

  // out[b] = sum of mixed_bits over the b-th block of param_block elements, modulo 2^32 of f32 and
  // 2^64 of i64: it changes if a single element does. values: f32 or i64; out: i64,
  // [number of blocks].
  virtual void hash_blocks(Tensor values, Tensor out, Stream& stream) = 0;
};

}  // namespace switchyard
