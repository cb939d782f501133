// Products: one matrix by cuBLASLt, and those of all experts of a layer together.
#include <array>

#include "bench/gpu_rows.h"
#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/product/product_ops.h"

namespace switchyard {
namespace {

void measure_single(Gpu& gpu, Roofline& roofline) {
  const std::int64_t hidden = gpu.sizes().hidden;
  const std::int64_t rows = std::max(row_tile, gpu.sizes().tokens / 8 / row_tile * row_tile);
  const Buffer x = gpu.normals({rows, hidden}), weight = gpu.normals({hidden, hidden}),
               out = gpu.empty({rows, hidden}), d_weight = gpu.empty({hidden, hidden});
  const double flops = 2.0 * static_cast<double>(rows * hidden * hidden);
  const char* names[][3] = {
      {"expert product, f32", "expert product, bf16", "expert product, int8"},
      {"weight gradient, f32", "weight gradient, bf16", "weight gradient, int8"}};
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const auto which = static_cast<std::size_t>(precision);
    roofline.flops(names[0][which], flops, precision, [&] {
      matmul(x, Op::plain, weight, Op::transposed, out, Write::replace, gpu.stream(), precision);
    });
    roofline.flops(names[1][which], flops, precision, [&] {
      matmul(out, Op::transposed, x, Op::plain, d_weight, Write::add, gpu.stream(), precision);
    });
  }
}

// The products of a layer's experts, one launch for all of them (runtime/product/grouped_matmul.h).
void measure_grouped(Gpu& gpu, Roofline& roofline) {
  const auto [hidden, experts] = std::array{gpu.sizes().hidden, gpu.sizes().experts};
  const std::int64_t each = padded_rows(gpu.sizes().tokens * gpu.sizes().top_k / experts);
  const Buffer x = gpu.normals({experts * each, hidden}), out = gpu.empty({experts * each, hidden}),
               sums = gpu.empty({experts * hidden, hidden}), misfit = gpu.empty({1}, DType::i32);
  const Buffer weights = gpu.normals({experts * hidden, hidden}),
               rounded = gpu.empty({experts * hidden, hidden}, DType::bf16),
               fixed_sums = gpu.empty({experts * hidden, hidden}, DType::i64);
  ProductOps& ops = ProductOps::on(gpu.device());
  ops.round_to_bf16(weights, rounded, gpu.stream());
  const double flops = 2.0 * static_cast<double>(experts * each * hidden * hidden);
  const auto measure = [&](Precision precision, std::array<const char*, 4> names) {
    const Tensor matrices = precision == Precision::bf16 ? rounded : weights;
    std::vector<RowGroup> groups;
    std::vector<GradientGroup> floats, fixed;
    std::vector<RowRange> ranges;
    for (std::int64_t e = 0; e < experts; ++e) {
      groups.push_back(
          {e * each, (e + 1) * each, matrices.row_range(e * hidden, (e + 1) * hidden)});
      const auto range = static_cast<std::int32_t>(e);
      floats.push_back({sums.tensor().row_range(e * hidden, (e + 1) * hidden), range, 1});
      fixed.push_back({fixed_sums.tensor().row_range(e * hidden, (e + 1) * hidden), range, 1});
      ranges.push_back({e * each, (e + 1) * each});
    }
    for (const auto& [op, name] : {std::pair{Op::transposed, names[0]}, {Op::plain, names[1]}}) {
      roofline.flops(name, flops, precision, [&, op = op] {
        matmul_groups(x, op, groups, out, Write::replace, gpu.stream(), precision);
      });
    }
    for (const auto& [sum, name] : {std::pair{&floats, names[2]}, {&fixed, names[3]}}) {
      roofline.flops(name, flops, precision, [&, sum = sum] {
        ops.add_gradient_groups(x, out, {*sum, ranges, fixed_point_for(1024, 1), misfit, {}},
                                gpu.stream(), precision);
      });
    }
  };
  measure(Precision::f32, {"all experts, f32", "their inputs' gradient", "their gradients",
                           "their gradients, exact"});
  measure(Precision::bf16, {"all experts, bf16", "their inputs' gradient", "their gradients",
                            "their gradients, exact"});
  if (!cutlass_runs_on(gpu.device())) return;
  gpu.stream().allow_inexact_groups(true);
  measure(Precision::bf16, {"all experts, bf16, CUTLASS", "their inputs' gradient",
                            "their gradients", "their gradients, exact"});
  gpu.stream().allow_inexact_groups(false);
}

}  // namespace

void measure_products(Gpu& gpu, Roofline& roofline) {
  measure_single(gpu, roofline);
  measure_grouped(gpu, roofline);
}

}  // namespace switchyard
