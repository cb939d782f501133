// Kernels of the runtime, the experts and the optimizer against their CPU twins.
#include <numeric>

#include "experts/ops.h"
#include "runtime/device/ops.h"
#include "runtime/math.h"
#include "runtime/params/params.h"
#include "runtime/product/matmul.h"
#include "runtime/rounding.h"
#include "tests/cuda_host/pair.h"
#include "train/ops.h"

namespace switchyard {
namespace kernels_test {

constexpr std::int64_t sizes[] = {0, 1, 3, 4, 255, 1030};

TEST(RuntimeKernels, ZeroCopyAndAdd) {
  for (const std::int64_t size : sizes) {
    const Pair a = Pair::normals({size}, 1), b = Pair::normals({size}, 2), copy({size}),
               zero({size});
    on_both([&](Device on, Stream& stream) {
      RuntimeOps& ops = RuntimeOps::on(on);
      ops.add(a.on(on), b.on(on), stream);
      ops.copy(b.on(on), copy.on(on), stream);
      ops.zero(zero.on(on), stream);
    });
    expect_same<float>(b);
    expect_same<float>(copy);
    expect_same<float>(zero);
  }
}

TEST(RuntimeKernels, AddIntegers) {
  const Pair a = Pair::of(std::vector<std::int64_t>(300, 1LL << 40), {300});
  const Pair b = Pair::of(std::vector<std::int64_t>(300, -7), {300});
  on_both([&](Device on, Stream& stream) { RuntimeOps::on(on).add(a.on(on), b.on(on), stream); });
  expect_same<std::int64_t>(b);
}

// A range that begins where four floats do not.
TEST(RuntimeKernels, AddAtAnyAddress) {
  const Pair a = Pair::normals({100}, 1), b = Pair::normals({100}, 2);
  on_both([&](Device on, Stream& stream) {
    RuntimeOps::on(on).add(a.on(on).range(1, 90), b.on(on).range(3, 92), stream);
  });
  expect_same<float>(b);
}

TEST(RuntimeKernels, SumsOfRowsHaveTheSameBits) {
  for (const auto& [rows, n] : {std::pair{0, 5}, {1, 1}, {64, 33}, {65, 128}, {500, 300}}) {
    const Pair in = Pair::normals({rows, n}, 1), sums({num_row_sums(rows), n}), out({n});
    on_both([&](Device on, Stream& stream) {
      RuntimeOps::on(on).sum_rows(in.on(on), sums.on(on), out.on(on), stream);
    });
    expect_same<float>(out, fmt::format("{} rows of {}", rows, n));
  }
}

TEST(RuntimeKernels, ARowIsAddedToAllRows) {
  for (const auto& [rows, n] : {std::pair{0, 5}, {1, 1}, {65, 128}, {130, 300}}) {
    const Pair row = Pair::normals({n}, 1), inout = Pair::normals({rows, n}, 2);
    on_both([&](Device on, Stream& stream) {
      RuntimeOps::on(on).add_to_rows(row.on(on), inout.on(on), stream);
    });
    expect_same<float>(inout, fmt::format("{} rows of {}", rows, n));
  }
}

TEST(RuntimeKernels, AddFixedIsExact) {
  const FixedPoint format = fixed_point_for(1024, 8);
  const Pair in = Pair::normals({700}, 1, 1e-2),
             misfit = Pair::of(std::vector<std::int32_t>{0}, {1});
  const Pair sum = Pair::of(std::vector<std::int64_t>(700, -5), {700});
  on_both([&](Device on, Stream& stream) {
    RuntimeOps::on(on).add_fixed(in.on(on), format, sum.on(on), misfit.on(on), stream);
  });
  expect_same<std::int64_t>(sum);
  EXPECT_EQ(misfit.device_values<std::int32_t>()[0], 0);
}

TEST(RuntimeKernels, AddFixedNoticesWhatDoesNotFit) {
  for (const float bad : {std::nanf(""), INFINITY, -1e10F}) {
    Pair in = Pair::normals({300}, 1);
    in.host().as<float>()[299] = bad;
    in.upload();
    const Pair misfit = Pair::of(std::vector<std::int32_t>{0}, {1});
    const Pair sum = Pair::of(std::vector<std::int64_t>(300, 0), {300});
    on_both([&](Device on, Stream& stream) {
      RuntimeOps::on(on).add_fixed(in.on(on), fixed_point_for(1024, 8), sum.on(on), misfit.on(on),
                                   stream);
    });
    EXPECT_EQ(misfit.device_values<std::int32_t>()[0], 1);
    EXPECT_EQ(misfit.host().as<std::int32_t>()[0], 1);
    expect_same<std::int64_t>(sum);
  }
}

TEST(RuntimeKernels, MatmulInEveryForm) {
  struct Form {
    Op a, b;
    Write write;
  };
  for (const auto& [m, n, k] : {std::tuple{16, 5, 7}, {48, 40, 32}, {0, 8, 8}, {16, 8, 0}}) {
    for (const Form form :
         {Form{Op::plain, Op::plain, Write::replace}, Form{Op::plain, Op::transposed, Write::add},
          Form{Op::transposed, Op::plain, Write::add}}) {
      const std::int64_t rows = form.a == Op::plain ? m : n, inner = form.a == Op::plain ? k : m;
      const Pair a =
          Pair::normals(form.a == Op::plain ? Shape{rows, inner} : Shape{inner, rows}, 1);
      const Pair b = Pair::normals(form.b == Op::plain ? Shape{inner, n} : Shape{n, inner}, 2);
      const Pair out = Pair::normals({rows, n}, 3);
      on_both([&](Device on, Stream& stream) {
        matmul(a.on(on), form.a, b.on(on), form.b, out.on(on), form.write, stream);
      });
      expect_close(out, 1e-5, fmt::format("{} by {} by {}", rows, inner, n));
    }
  }
}

// Sizes that are no multiple of what tensor cores take; bf16 sums in another order, int8 exactly.
TEST(RuntimeKernels, MatmulInShorterNumbers) {
  for (const auto& [m, n, k] : {std::tuple{16, 5, 7}, {48, 40, 32}, {64, 33, 70}}) {
    for (const Op op_b : {Op::plain, Op::transposed}) {
      const Pair a = Pair::normals({m, k}, 1),
                 b = Pair::normals(op_b == Op::plain ? Shape{k, n} : Shape{n, k}, 2);
      const Pair bf16 = Pair::normals({m, n}, 3), int8 = Pair::normals({m, n}, 4);
      on_both([&](Device on, Stream& stream) {
        matmul(a.on(on), Op::plain, b.on(on), op_b, bf16.on(on), Write::add, stream,
               Precision::bf16);
        matmul(a.on(on), Op::plain, b.on(on), op_b, int8.on(on), Write::add, stream,
               Precision::int8);
      });
      expect_close(bf16, 1e-5, fmt::format("{} by {} by {}", m, k, n));
      expect_same<float>(int8, fmt::format("{} by {} by {}", m, k, n));
    }
  }
}

TEST(RuntimeKernels, WeightGradientInShorterNumbers) {
  for (const auto& [rows, m, n] : {std::tuple{16, 3, 5}, {80, 40, 33}}) {
    const Pair d = Pair::normals({rows, m}, 1), x = Pair::normals({rows, n}, 2), bf16({m, n}),
               int8({m, n});
    on_both([&](Device on, Stream& stream) {
      matmul(d.on(on), Op::transposed, x.on(on), Op::plain, bf16.on(on), Write::replace, stream,
             Precision::bf16);
      matmul(d.on(on), Op::transposed, x.on(on), Op::plain, int8.on(on), Write::replace, stream,
             Precision::int8);
    });
    expect_close(bf16, 1e-5);
    expect_same<float>(int8);
  }
}

// A line of zeros, one with a NaN, one too small to scale.
TEST(RuntimeKernels, Int8OfUnusualLines) {
  Pair a = Pair::normals({16, 40}, 1);
  auto* lines = a.host().as<float>();
  std::fill_n(lines, 40, 0.0F);
  lines[45] = std::nanf("");
  std::fill_n(lines + 80, 40, 1e-40F);
  a.upload();
  const Pair b = Pair::normals({24, 40}, 2), out({16, 24});
  on_both([&](Device on, Stream& stream) {
    matmul(a.on(on), Op::plain, b.on(on), Op::transposed, out.on(on), Write::replace, stream,
           Precision::int8);
  });
  const std::vector<float> device = out.device_values<float>();
  for (std::size_t i = 0; i < device.size(); ++i) {
    const float host = out.host().as<float>()[i];
    EXPECT_TRUE(host == device[i] || (std::isnan(host) && std::isnan(device[i]))) << i;
  }
}

TEST(ExpertKernels, SwigluAndItsGradientInPlace) {
  for (const std::int64_t size : sizes) {
    const Pair gate = Pair::normals({size}, 1, 3.0), up = Pair::normals({size}, 2), out({size});
    const Pair d_out = Pair::normals({size}, 3);
    on_both([&](Device on, Stream& stream) {
      ExpertOps& ops = ExpertOps::on(on);
      ops.swiglu(gate.on(on), up.on(on), out.on(on), stream);
      ops.swiglu_backward(gate.on(on), up.on(on), d_out.on(on), gate.on(on), up.on(on), stream);
    });
    expect_same<float>(out);
    expect_same<float>(gate);
    expect_same<float>(up);
  }
}

TEST(TrainKernels, AdamwFromBothFormsOfAGradient) {
  for (const bool fixed : {false, true}) {
    const std::int64_t size = 2 * param_block + 77;
    Pair gradient = Pair::normals({size}, 1);
    if (fixed) {
      std::vector<std::int64_t> sums;
      for (std::int64_t i = 0; i < size; ++i)
        sums.push_back(fixed_of(gradient.host().as<float>()[i], 0x1p40));
      gradient = Pair::of(sums, {size});
    }
    const Pair value = Pair::normals({size}, 2), first = Pair::normals({size}, 3, 0.1);
    Pair second = Pair::normals({size}, 4, 0.1);
    for (std::int64_t i = 0; i < size; ++i)
      second.host().as<float>()[i] *= second.host().as<float>()[i];
    second.upload();
    const AdamWStep step{
        .rate = 0.1F, .weight_decay = 0.1F, .gradient_factor = fixed ? 0.5 * 0x1p-40 : 0.5};
    on_both([&](Device on, Stream& stream) {
      TrainOps::on(on).adamw({{gradient.on(on), step, value.on(on), first.on(on), second.on(on)}},
                             stream);
    });
    expect_same<float>(value);
    expect_same<float>(first);
    expect_same<float>(second);
  }
}

TEST(TrainKernels, AdamwOfManyParametersAtOnce) {
  const std::vector<std::int64_t> counts = {5, 0, 3 * param_block, param_block + 1, 1, 0};
  std::vector<Pair> gradients, values, firsts, seconds;
  for (const std::int64_t size : counts) {
    gradients.push_back(Pair::normals({size}, 1 + gradients.size()));
    values.push_back(Pair::normals({size}, 7 + values.size()));
    firsts.push_back(Pair::of(std::vector<float>(static_cast<std::size_t>(size), 0.1F), {size}));
    seconds.push_back(Pair::of(std::vector<float>(static_cast<std::size_t>(size), 0.2F), {size}));
  }
  on_both([&](Device on, Stream& stream) {
    std::vector<AdamWParam> params;
    for (std::size_t i = 0; i < counts.size(); ++i)
      params.push_back({gradients[i].on(on), AdamWStep{.rate = 0.1F * static_cast<float>(i + 1)},
                        values[i].on(on), firsts[i].on(on), seconds[i].on(on)});
    TrainOps::on(on).adamw(params, stream);
    TrainOps::on(on).adamw({}, stream);
  });
  for (const std::vector<Pair>* all : {&values, &firsts, &seconds})
    for (const Pair& each : *all) expect_same<float>(each);
}

TEST(TrainKernels, AdamwWithMomentsInBf16) {
  const std::int64_t size = param_block + 77;
  const Pair gradient = Pair::normals({size}, 1), value = Pair::normals({size}, 2);
  std::vector<std::uint16_t> moments;
  for (std::int64_t i = 0; i < size; ++i)
    moments.push_back(bf16_of(std::abs(gradient.host().as<float>()[i]) * 0.1F));
  const Pair first = Pair::of(moments, {size}), second = Pair::of(moments, {size});
  const AdamWStep step{.rate = 0.1F, .rounding_key = 0x1234567890abcdefULL, .first_element = 7};
  on_both([&](Device on, Stream& stream) {
    TrainOps::on(on).adamw({{gradient.on(on), step, value.on(on), first.on(on), second.on(on)}},
                           stream);
  });
  expect_same<float>(value);
  expect_same<std::uint16_t>(first);
  expect_same<std::uint16_t>(second);
}

TEST(TrainKernels, SumSquaresPerBlock) {
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{5}, 3 * param_block - 1}) {
    const std::int64_t blocks = (size + param_block - 1) / param_block;
    const Pair gradient = Pair::normals({size}, 1), out({blocks}, DType::f64);
    on_both([&](Device on, Stream& stream) {
      TrainOps::on(on).sum_squares(gradient.on(on), 0.3, out.on(on), stream);
    });
    const std::vector<double> device = out.device_values<double>();
    for (std::size_t b = 0; b < device.size(); ++b)
      EXPECT_NEAR(device[b], out.host().as<double>()[b], 1e-12 * device[b]);
  }
}

TEST(TrainKernels, HashesAreTheSame) {
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{5}, 3 * param_block - 1}) {
    const Pair floats = Pair::normals({size}, 1);
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(size));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{-3} << 40);
    const Pair integers = Pair::of(numbers, {size});
    for (const Pair* values : {&floats, &integers}) {
      const Pair out({(size + param_block - 1) / param_block}, DType::i64);
      on_both([&](Device on, Stream& stream) {
        TrainOps::on(on).hash_blocks(values->on(on), out.on(on), stream);
      });
      expect_same<std::int64_t>(out);
    }
  }
}

}  // namespace kernels_test
}  // namespace switchyard
