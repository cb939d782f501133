#include "model/transformer/matmul_shapes.h"

#include <set>
#include <tuple>

namespace switchyard {

std::vector<MatmulShape> matmul_shapes(const Params& params) {
  // Every size of a tile once, and on a CPU what is left over.
  std::int64_t all_row_tiles = 192 + 64 + 16, all_sum_tiles = 1024 + 256 + 64;
  if (params.device().kind == Device::Kind::cpu) {
    all_row_tiles += 7;
    all_sum_tiles += 23;
  }
  std::set<std::tuple<std::int64_t, std::int64_t>> sizes;
  for (const Param& param : params.all()) {
    if (param.spec.shape.num_dims() == 2) sizes.insert({param.spec.shape[0], param.spec.shape[1]});
  }
  const ProductPrecision& asked = params.precision();
  std::vector<MatmulShape> shapes;
  for (const auto& [out, in] : sizes) {
    // A size may be a linear layer's, the head's or a router's.
    const auto add = [&](std::int64_t m, std::int64_t n, std::int64_t k, Op op_a, Op op_b,
                         Precision linear) {
      for (const Precision precision : std::set{Precision::f32, asked.head, linear}) {
        shapes.push_back({m, n, k, op_a, op_b, precision});
      }
    };
    add(all_row_tiles, out, in, Op::plain, Op::transposed, asked.forward);
    add(all_row_tiles, in, out, Op::plain, Op::plain, asked.input_gradient);
    add(out, in, all_sum_tiles, Op::transposed, Op::plain, asked.weight_gradient);
  }
  return shapes;
}

}  // namespace switchyard
