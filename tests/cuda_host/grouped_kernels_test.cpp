// Products of many experts in one launch against the CPU's, one by one.
#include "experts/shard.h"
#include "runtime/params/rounded_values.h"
#include "runtime/product/product_ops.h"
#include "tests/cuda_host/pair.h"

namespace switchyard {
namespace grouped_kernels_test {

struct Case {
  std::vector<std::int64_t> rows;  // of each group
  std::int64_t k, n;
};

// No group, one, one without rows, more rows than a tile; sides that no tile divides. In the last
// case, tiles are tall and some of them whole.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{{}, 8, 8},          {{16}, 8, 24},
                                        {{0, 16, 0}, 40, 8}, {{16, 80, 64, 48}, 56, 136},
                                        {{128, 16}, 72, 40}, {{336, 0, 560}, 64, 136}};
  return all;
}

std::int64_t rows_of(const Case& c) {
  std::int64_t sum = 0;
  for (const std::int64_t rows : c.rows) sum += rows;
  return sum;
}

// Op::transposed is the forward product, Op::plain the input gradient.
void expect_same_products(Precision precision, Stream stream, double tolerance) {
  for (const Case& c : cases()) {
    for (const Op op : {Op::plain, Op::transposed}) {
      const Pair a = Pair::normals({rows_of(c), c.k}, 1), out = Pair::normals({rows_of(c), c.n}, 2);
      const Shape shape = op == Op::plain ? Shape{c.k, c.n} : Shape{c.n, c.k};
      std::vector<Pair> matrices;
      std::vector<Buffer> rounded;
      for (std::size_t g = 0; g < c.rows.size(); ++g) {
        matrices.push_back(Pair::normals(shape, 3 + g));
        rounded.emplace_back(shape, DType::bf16, Device::cuda(0));
      }
      Stream host = Stream::cpu(1);
      for (Stream* on : {&host, &stream}) {
        std::vector<RowGroup> groups;
        std::int64_t begin = 0;
        for (std::size_t g = 0; g < c.rows.size(); ++g) {
          Tensor matrix = matrices[g].on(on->device());
          if (precision == Precision::bf16 && on == &stream) {
            ProductOps::on(on->device()).round_to_bf16(matrix, rounded[g], stream);
            matrix = rounded[g];
          }
          groups.push_back({begin, begin + c.rows[g], matrix});
          begin += c.rows[g];
        }
        matmul_groups(a.on(on->device()), op, groups, out.on(on->device()), Write::add, *on,
                      precision);
      }
      stream.synchronize();
      expect_close(out, tolerance, fmt::format("{} groups, {} by {}", c.rows.size(), c.k, c.n));
    }
  }
}

// A matrix has all groups of even number or all of odd, so that some have several addends.
void expect_same_gradients(Precision precision, Stream stream, bool exact, double tolerance) {
  for (const Case& c : cases()) {
    std::vector<ParamRows> addends;
    std::int64_t begin = 0;
    for (std::size_t g = 0; g < c.rows.size(); ++g) {
      addends.push_back({2 * g < c.rows.size() ? 0 : 1, {begin, begin + c.rows[g]}});
      begin += c.rows[g];
    }
    const Pair d = Pair::normals({rows_of(c), c.n}, 1), x = Pair::normals({rows_of(c), c.k}, 2);
    Stream host = Stream::cpu(1);
    std::vector<float> host_sums;
    for (Stream* on : {&host, &stream}) {
      Params params;
      for (const int expert : {0, 1})
        params.declare({.shape = {c.n, c.k}, .expert = ExpertPart{"layer0", expert, "up"}});
      params.allocate({.exact = exact, .format = fixed_point_for(1024, 8), .device = on->device()});
      for (int twice = 0; twice < 2; ++twice)
        params.add_gradient_products(addends, d.on(on->device()), x.on(on->device()), *on,
                                     precision);
      EXPECT_FALSE(params.gradient_overflow(*on));
      std::vector<float> sums(static_cast<std::size_t>(2 * c.n * c.k));
      for (const ParamId id : {0, 1})
        params.read_gradient(id, tensor_of(sums.data() + id * c.n * c.k, {c.n, c.k}), *on);
      if (on == &host) host_sums = sums;
      for (std::size_t i = 0; i < sums.size(); ++i)
        ASSERT_NEAR(sums[i], host_sums[i], tolerance * (1 + std::abs(host_sums[i]))) << i;
    }
  }
}

Stream gpu() { return Stream::cuda(Device::cuda(0)); }

TEST(GroupedKernels, ProductsInF32) { expect_same_products(Precision::f32, gpu(), 1e-5); }
TEST(GroupedKernels, ProductsInBf16) { expect_same_products(Precision::bf16, gpu(), 1e-5); }
TEST(GroupedKernels, InTf32) {
  const auto tf32 = [] { return Stream::cuda(Device::cuda(0), true); };
  expect_same_products(Precision::f32, tf32(), 3e-3);
  expect_same_gradients(Precision::f32, tf32(), false, 6e-2);
}
TEST(GroupedKernels, GradientsInF32) {
  for (const bool exact : {false, true}) expect_same_gradients(Precision::f32, gpu(), exact, 1e-4);
}
TEST(GroupedKernels, GradientsInBf16) {
  for (const bool exact : {false, true}) expect_same_gradients(Precision::bf16, gpu(), exact, 1e-4);
}

// What exact mode asks of a GPU when it starts, of products that go together too; sides that no
// tile divides.
TEST(GroupedKernels, PassTheSelfTestOfExactMode) {
  for (const bool tf32 : {false, true}) {
    Stream stream = Stream::cuda(Device::cuda(0), tf32);
    std::vector<MatmulShape> shapes;
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      shapes.push_back({112, 136, 40, Op::plain, Op::transposed, precision});
      shapes.push_back({112, 40, 136, Op::plain, Op::plain, precision});
      shapes.push_back({136, 40, 112, Op::transposed, Op::plain, precision});
    }
    EXPECT_TRUE(self_test_matmul(shapes, stream).library_repeats);
  }
}

// What exact mode leans on: a row's bits, and a gradient's, depend on no other group.
TEST(GroupedKernels, AGroupGivesTheSameBitsAloneAndBesideOthers) {
  const std::int64_t k = 40, n = 136;
  const Pair a = Pair::normals({112, k}, 1), matrix = Pair::normals({n, k}, 2);
  const Pair together({112, n}), alone({48, n});
  Stream stream = gpu();
  const Tensor on_gpu = matrix.on(Device::cuda(0));
  matmul_groups(a.on(Device::cuda(0)), Op::transposed,
                std::vector<RowGroup>{{0, 16, on_gpu}, {16, 64, on_gpu}, {64, 112, on_gpu}},
                together.on(Device::cuda(0)), Write::replace, stream, Precision::f32);
  matmul_groups(a.on(Device::cuda(0)).row_range(16, 64), Op::transposed,
                std::vector<RowGroup>{{0, 48, on_gpu}}, alone.on(Device::cuda(0)), Write::replace,
                stream, Precision::f32);
  stream.synchronize();
  const std::vector<float> of_all = together.device_values<float>(),
                           of_one = alone.device_values<float>();
  EXPECT_TRUE(std::equal(of_one.begin(), of_one.end(), of_all.begin() + 16 * n));
}

// The size of tiles depends on the rows of all groups, a row's bits do not: whole tiles and parts
// of tiles, tall and low.
TEST(GroupedKernels, ARowHasTheSameBitsInTallTilesAndLow) {
  const std::int64_t k = 64, n = 136, rows = 400;
  Stream stream = gpu();
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const Op op : {Op::plain, Op::transposed}) {
      const Shape shape = op == Op::plain ? Shape{k, n} : Shape{n, k};
      const Pair a = Pair::normals({rows, k}, 1), matrix = Pair::normals(shape, 2);
      const Pair tall({rows, n}), low({rows, n});
      Tensor b = matrix.on(Device::cuda(0));
      const Buffer rounded(shape, DType::bf16, Device::cuda(0));
      if (precision == Precision::bf16) {
        ProductOps::on(Device::cuda(0)).round_to_bf16(b, rounded, stream);
        b = rounded;
      }
      const std::vector<RowGroup> one = {{0, rows, b}},
                                  many = {{0, 16, b}, {16, 128, b}, {128, rows, b}};
      for (const auto& [groups, out] : {std::pair(one, &tall), std::pair(many, &low)})
        matmul_groups(a.on(Device::cuda(0)), op, groups, out->on(Device::cuda(0)), Write::replace,
                      stream, precision);
      stream.synchronize();
      EXPECT_EQ(tall.device_values<float>(), low.device_values<float>());
    }
  }
}

// A whole layer's experts, in every precision: segments of one row, none, and of several sources.
TEST(GroupedKernels, ExpertsOfAShard) {
  const std::vector<Segment> segments = {{0, 0, 5, 11}, {0, 16, 30, 2}, {1, 48, 0}, {2, 48, 1, 15}};
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    for (const bool exact : {false, true}) {
      const Pair x = Pair::normals({64, 32}, 1), d_out = Pair::normals({64, 32}, 2);
      const Pair out({64, 32}), d_x({64, 32});
      std::vector<std::vector<float>> gradients;
      on_both([&](Device on, Stream& stream) {
        Params params;
        const Placement placement(3, 1);
        const ExpertShard shard(params, "layer0", placement, 0, {32, 40, 0.2, 0.2});
        params.allocate({.exact = exact, .format = fixed_point_for(1024, 8), .device = on});
        params.initialize(5);
        params.set_precision({precision, precision, precision, Precision::f32});
        const RoundedValues rounded(params, stream);
        Arena arena(on);
        const Ffn::Saved saved = Ffn::take(arena, 64, 40);
        shard.forward(params, segments, x.on(on), saved, out.on(on), stream);
        shard.backward(params, segments, x.on(on), saved, d_out.on(on), d_x.on(on), stream);
        for (ParamId id = 0; id < 9; ++id) {
          std::vector<float>& to = gradients.emplace_back(32 * 40);
          params.read_gradient(id, tensor_of(to.data(), {std::ssize(to)}), stream);
        }
      });
      const double tolerance = precision == Precision::f32 ? 1e-5 : 2e-2;
      expect_close(out, tolerance);
      expect_close(d_x, tolerance);
      for (std::size_t id = 0; id < 9; ++id)
        for (std::size_t i = 0; i < gradients[id].size(); ++i)
          ASSERT_NEAR(gradients[id][i], gradients[id + 9][i],
                      tolerance * (1 + std::abs(gradients[id][i])))
              << "parameter " << id << " element " << i;
    }
  }
}

}  // namespace grouped_kernels_test
}  // namespace switchyard
