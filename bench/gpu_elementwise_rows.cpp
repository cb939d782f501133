// Ops that touch each element of large tensors once: activations, sums, the optimizer.
#include "bench/gpu_rows.h"
#include "experts/ops.h"
#include "router/gate/gate_ops.h"
#include "runtime/params/params.h"
#include "runtime/product/product_ops.h"
#include "train/ops.h"

namespace switchyard {

void measure_elementwise(Gpu& gpu, Roofline& roofline) {
  const Shape shape{gpu.sizes().tokens * gpu.sizes().hidden};
  const Buffer a = gpu.normals(shape), b = gpu.normals(shape), c = gpu.empty(shape),
               d = gpu.empty(shape);
  const double bytes = bytes_of_f32 * static_cast<double>(shape.size());
  ExpertOps& experts_ops = ExpertOps::on(gpu.device());
  TrainOps& train = TrainOps::on(gpu.device());
  roofline.bytes("SwiGLU", 3 * bytes, [&] { experts_ops.swiglu(a, b, c, gpu.stream()); });
  roofline.bytes("SwiGLU, backward", 5 * bytes,
                 [&] { experts_ops.swiglu_backward(a, b, a, c, d, gpu.stream()); });
  RuntimeOps& runtime = RuntimeOps::on(gpu.device());
  const Buffer sums = gpu.empty(shape, DType::i64), more_sums = gpu.empty(shape, DType::i64),
               misfit = gpu.empty({1}, DType::i32), rounded = gpu.empty(shape, DType::bf16);
  roofline.bytes("add", 3 * bytes, [&] { runtime.add(a, c, gpu.stream()); });
  roofline.bytes("add integers", 6 * bytes, [&] { runtime.add(sums, more_sums, gpu.stream()); });
  roofline.bytes("zero", bytes, [&] { runtime.zero(c, gpu.stream()); });
  roofline.bytes("multiply", 3 * bytes,
                 [&] { GateOps::on(gpu.device()).multiply(a, c, gpu.stream()); });
  roofline.bytes("add in fixed point", 5 * bytes, [&] {
    runtime.add_fixed(a, fixed_point_for(1024, 1), sums, misfit, gpu.stream());
  });
  roofline.bytes("round to bf16", 1.5 * bytes,
                 [&] { ProductOps::on(gpu.device()).round_to_bf16(a, rounded, gpu.stream()); });
  const Buffer figures = gpu.empty({(shape.size() + param_block - 1) / param_block}, DType::f64),
               hashes = gpu.empty(figures.tensor().shape, DType::i64);
  roofline.bytes("sum of squares", bytes,
                 [&] { train.sum_squares(a, 1.0, figures, gpu.stream()); });
  roofline.bytes("hash", bytes, [&] { train.hash_blocks(a, hashes, gpu.stream()); });
  roofline.bytes("AdamW", 7 * bytes, [&] { train.adamw({{a, {}, b, c, d}}, gpu.stream()); });
}

}  // namespace switchyard
