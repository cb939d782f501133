#include "model/transformer/matmul_shapes.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace switchyard {

std::vector<MatmulShape> matmul_shapes(const Params& params) {
  // These row counts use every tile size once, and on a CPU leave a remainder.
  std::int64_t all_row_tiles = 192 + 64 + 16, all_sum_tiles = 1024 + 256 + 64;
  if (params.device().kind == Device::Kind::cpu) {
    all_row_tiles += 7;
    all_sum_tiles += 23;
  }
  std::map<std::tuple<std::int64_t, std::int64_t>, bool> sizes;  // and whether one is trained
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const Shape& shape = params.spec(id).shape;
    if (shape.num_dims() == 2) sizes[{shape[0], shape[1]}] |= params.trained(id);
  }
  const bool backward =
      std::any_of(sizes.begin(), sizes.end(), [](const auto& size) { return size.second; });
  const ProductPrecision& asked = params.precision();
  std::vector<MatmulShape> shapes;
  for (const auto& [size, trained] : sizes) {
    const auto [out, in] = size;
    // A size may be a linear layer's, the head's or a router's.
    const auto add = [&](std::int64_t m, std::int64_t n, std::int64_t k, Op op_a, Op op_b,
                         Precision linear) {
      for (const Precision precision : std::set{Precision::f32, asked.head, linear}) {
        shapes.push_back({m, n, k, op_a, op_b, precision});
      }
    };
    add(all_row_tiles, out, in, Op::plain, Op::transposed, asked.forward);
    if (backward) add(all_row_tiles, in, out, Op::plain, Op::plain, asked.input_gradient);
    if (trained) add(out, in, all_sum_tiles, Op::transposed, Op::plain, asked.weight_gradient);
  }
  return shapes;
}

}  // namespace switchyard
