// Kernels of the model against their CPU twins.
#include "model/attention/rotary.h"
#include "model/ops.h"
#include "tests/cuda_host/pair.h"

namespace switchyard {
namespace model_kernels_test {

constexpr double tolerance = 2e-5;

TEST(ModelKernels, RmsNormAndItsGradient) {
  for (const auto& [rows, n] :
       {std::pair{0, 8}, {1, 1}, {3, 37}, {70, 64}, {200, 16}, {5, 1028}, {2, 1501}}) {
    const std::string what = fmt::format("[{}, {}]", rows, n);
    const Pair x = Pair::normals({rows, n}, 1), weight = Pair::normals({n}, 2),
               d_out = Pair::normals({rows, n}, 3);
    const Pair out({rows, n}), inverse({rows}), d_x({rows, n}), d_weight({n});
    on_both([&](Device device, Stream& stream) {
      ModelOps& ops = ModelOps::on(device);
      const Buffer scratch(Shape{ops.rms_norm_scratch(rows, n)}, DType::f32, device);
      ops.rms_norm(x.on(device), weight.on(device), 1e-5F, out.on(device), inverse.on(device),
                   stream);
      ops.rms_norm_backward({x.on(device), weight.on(device), inverse.on(device), d_out.on(device),
                             d_x.on(device), d_weight.on(device)},
                            scratch, stream);
      stream.synchronize();
    });
    expect_close(out, tolerance, what);
    expect_close(inverse, tolerance, what);
    expect_close(d_x, tolerance, what);
    expect_close(d_weight, tolerance, what);
  }
}

TEST(ModelKernels, RmsNormGradientMayOverwriteItsInput) {
  const Pair x = Pair::normals({130, 24}, 1), weight = Pair::normals({24}, 2),
             d = Pair::normals({130, 24}, 3);
  const Pair inverse = Pair::normals({130}, 4), d_weight({24});
  on_both([&](Device device, Stream& stream) {
    ModelOps& ops = ModelOps::on(device);
    const Buffer scratch(Shape{ops.rms_norm_scratch(130, 24)}, DType::f32, device);
    ops.rms_norm_backward({x.on(device), weight.on(device), inverse.on(device), d.on(device),
                           d.on(device), d_weight.on(device)},
                          scratch, stream);
    stream.synchronize();
  });
  expect_close(d, tolerance);
  expect_close(d_weight, tolerance);
}

TEST(ModelKernels, RowsByTheirSharesAndTheirGradient) {
  for (const auto& [rows, n] : {std::pair{0, 8}, {1, 1}, {70, 37}, {20, 64}, {3, 1501}}) {
    const std::string what = fmt::format("[{}, {}]", rows, n);
    const Pair x = Pair::normals({rows, n}, 1), weight = Pair::normals({n}, 2, 0.1),
               branch = Pair::normals({rows, n}, 3), d_out = Pair::normals({rows, n}, 4);
    const Pair out = Pair::normals({rows, n}, 5), d_x = Pair::normals({rows, n}, 6);
    const Pair share({rows}), d_score({rows}), d_rows({rows, n});
    on_both([&](Device on, Stream& stream) {
      const GatedRows tensors{x.on(on), weight.on(on), branch.on(on), share.on(on)};
      ModelOps::on(on).add_gated(tensors, out.on(on), stream);
      ModelOps::on(on).add_gated_backward(
          tensors, {d_out.on(on), d_rows.on(on), d_score.on(on), d_x.on(on)}, stream);
    });
    expect_close(out, tolerance, what);
    expect_close(share, tolerance, what);
    expect_close(d_rows, tolerance, what);
    expect_close(d_score, tolerance, what);
    expect_close(d_x, tolerance, what);
  }
}

TEST(ModelKernels, Rotate) {
  for (const int tokens : {0, 1, 50}) {
    const Pair x = Pair::normals({tokens, 3, 10}, 1), position = Pair::integers({tokens}, 2, 0, 20);
    on_both([&](Device device, Stream& stream) {
      const RotaryTable table(20, 10, 1e4F, device);
      ModelOps::on(device).rotate(x.on(device), position.on(device), table, 1, stream);
      ModelOps::on(device).rotate(x.on(device), position.on(device), table, 1, stream);
      ModelOps::on(device).rotate(x.on(device), position.on(device), table, -1, stream);
      stream.synchronize();
    });
    expect_close(x, 1e-6);
  }
}

TEST(ModelKernels, EmbedAndItsGradient) {
  for (const auto& [tokens, hidden, vocabulary] :
       {std::tuple{0, 8, 5}, {1, 3, 1}, {300, 130, 7}, {257, 16, 100}}) {
    const Pair token = Pair::integers({tokens}, 1, 0, vocabulary),
               table = Pair::normals({vocabulary, hidden}, 2);
    const Pair out({tokens, hidden}), d_out = Pair::normals({tokens, hidden}, 3),
                                      d_table({vocabulary, hidden});
    on_both([&](Device device, Stream& stream) {
      ModelOps::on(device).embed(token.on(device), table.on(device), out.on(device), stream);
      ModelOps::on(device).embed_backward(token.on(device), d_out.on(device), d_table.on(device),
                                          stream);
    });
    expect_same<float>(out);
    expect_same<float>(d_table);  // each sum in token order, as on a CPU
  }
}

TEST(ModelKernels, CrossEntropy) {
  for (const auto& [rows, vocabulary] : {std::pair{0, 4}, {1, 1}, {5, 50}, {3, 1500}}) {
    const Pair logits = Pair::normals({rows, vocabulary}, 1, 3.0);
    const Pair target = Pair::integers({rows}, 2, -1, vocabulary), loss({rows});
    on_both([&](Device device, Stream& stream) {
      ModelOps::on(device).cross_entropy(logits.on(device), target.on(device), 0.25F,
                                         loss.on(device), stream);
    });
    expect_close(logits, tolerance);
    expect_close(loss, tolerance);
  }
}

TEST(ModelKernels, CrossEntropyOfNanIsNan) {
  Pair logits = Pair::normals({2, 40}, 1);
  logits.host().as<float>()[55] = std::nanf("");
  logits.upload();
  const Pair target = Pair::integers({2}, 2, 0, 40), loss({2});
  Stream stream = Stream::cuda(Device::cuda(0));
  ModelOps::on(Device::cuda(0))
      .cross_entropy(logits.on(Device::cuda(0)), target.on(Device::cuda(0)), 1.0F,
                     loss.on(Device::cuda(0)), stream);
  stream.synchronize();
  EXPECT_TRUE(std::isfinite(loss.device_values<float>()[0]));
  EXPECT_TRUE(std::isnan(loss.device_values<float>()[1]));
}

TEST(ModelKernels, TokenScores) {
  for (const auto& [rows, vocabulary] : {std::pair{0, 4}, {1, 1}, {5, 50}, {3, 1500}}) {
    const Pair logits = Pair::normals({rows, vocabulary}, 1, 3.0);
    const Pair target = Pair::integers({rows}, 2, -1, vocabulary);
    const Pair loss({rows}), best({rows}, DType::i32), probability({rows}), entropy({rows}),
        log_sum({rows});
    on_both([&](Device on, Stream& stream) {
      ModelOps::on(on).token_scores(
          logits.on(on), target.on(on),
          {loss.on(on), best.on(on), probability.on(on), entropy.on(on), log_sum.on(on)}, stream);
    });
    for (const Pair* pair : {&loss, &probability, &entropy, &log_sum})
      expect_close(*pair, tolerance);
    expect_same<std::int32_t>(best);
  }
}

TEST(ModelKernels, TokenScoresTakeTheFirstOfEqualLogitsAndNoneOfNan) {
  std::vector<float> logits(2 * 1500, 0.5F);
  for (const int i : {700, 900, 1212}) logits[static_cast<std::size_t>(i)] = 2.0F;
  logits[2000] = std::nanf("");
  const Pair in = Pair::of(logits, {2, 1500}), target = Pair::integers({2}, 2, 0, 1500);
  const Pair out({2}), best({2}, DType::i32);
  on_both([&](Device on, Stream& stream) {
    ModelOps::on(on).token_scores(in.on(on), target.on(on),
                                  {out.on(on), best.on(on), out.on(on), out.on(on), out.on(on)},
                                  stream);
  });
  EXPECT_EQ(best.device_values<std::int32_t>(), (std::vector<std::int32_t>{700, -1}));
  expect_same<std::int32_t>(best);
}

struct AttentionCase {
  AttentionShape shape;
  std::int64_t padding;
  std::int32_t window = 0;
};

// Documents that begin at random places of each row, and a window unless it is 0.
Pair positions(const AttentionCase& of, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  const std::int64_t length = of.shape.sequence, tokens = of.shape.num_sequences * length;
  std::vector<std::int32_t> position(static_cast<std::size_t>(tokens + of.padding), 0);
  for (std::int64_t t = 0; t < tokens; ++t) {
    const bool starts = t % length == 0 || random.uniform(static_cast<std::uint64_t>(t)) < 0.03;
    if (!starts)
      position[static_cast<std::size_t>(t)] = position[static_cast<std::size_t>(t - 1)] + 1;
  }
  for (std::int32_t& each : position) {
    if (of.window > 0) each = std::min(each, of.window - 1);
  }
  return Pair::of(position, {tokens + of.padding});
}

TEST(ModelKernels, AttentionAndItsGradient) {
  for (const AttentionCase& of :
       {AttentionCase{{1, 1, 1, 1, 2}, 15}, AttentionCase{{2, 24, 4, 2, 16}, 0},
        AttentionCase{{1, 150, 3, 1, 40}, 10}, AttentionCase{{0, 8, 2, 2, 16}, 16},
        AttentionCase{{1, 70, 2, 2, 72}, 10}, AttentionCase{{1, 33, 1, 1, 160}, 15},
        AttentionCase{{1, 200, 2, 1, 16}, 0, 7}}) {
    const AttentionShape& s = of.shape;
    const std::int64_t tokens = s.num_sequences * s.sequence + of.padding;
    const std::string what =
        fmt::format("{} sequences of {}, heads of {}", s.num_sequences, s.sequence, s.head_dim);
    const Pair position = positions(of, 9), q = Pair::normals({tokens, s.num_heads, s.head_dim}, 1);
    const Pair k = Pair::normals({tokens, s.num_kv_heads, s.head_dim}, 2),
               v = Pair::normals(k.host().shape, 3);
    const Pair d_out = Pair::normals(q.host().shape, 4), out(q.host().shape),
               log_sum({tokens, s.num_heads});
    const Pair d_q(q.host().shape), d_k(k.host().shape), d_v(k.host().shape);
    on_both([&](Device on, Stream& stream) {
      ModelOps& ops = ModelOps::on(on);
      const Buffer scratch(Shape{ops.attention_scratch(s, stream)}, DType::f32, on);
      const AttentionTensors tensors{q.on(on),        k.on(on),   v.on(on),
                                     position.on(on), out.on(on), log_sum.on(on)};
      ops.attention(tensors, s, scratch, stream);
      ops.attention_backward(tensors, {d_out.on(on), d_q.on(on), d_k.on(on), d_v.on(on)}, s,
                             scratch, stream);
      stream.synchronize();
    });
    expect_close(out, tolerance, what);
    expect_close(log_sum, tolerance, what);
    expect_close(d_q, tolerance, what);
    expect_close(d_k, tolerance, what);
    expect_close(d_v, tolerance, what);
  }
}

// Texts of 0, a few and almost all tokens they have room for; what lies beyond is NaN.
TEST(ModelKernels, AttentionToThePast) {
  for (const auto& [heads, kv_heads, dim, window] : {std::tuple{1, 1, 2, 0},
                                                     {4, 2, 16, 0},
                                                     {4, 2, 16, 3},
                                                     {6, 2, 40, 20},
                                                     {2, 2, 72, 1},
                                                     {2, 1, 256, 0}}) {
    constexpr std::int64_t texts = 3, rows = 16, capacity = 40;
    const std::vector<std::int32_t> lengths = {0, 5, capacity - 1};
    const Pair q = Pair::normals({rows, heads, dim}, 1),
               k = Pair::normals({rows, kv_heads, dim}, 2),
               v = Pair::normals({rows, kv_heads, dim}, 3), length = Pair::of(lengths, {texts});
    const Shape shape{texts, capacity, kv_heads, dim};
    Pair keys = Pair::normals(shape, 4), values = Pair::normals(shape, 5);
    for (Pair* pair : {&keys, &values}) {
      for (std::int64_t i = 0; i < shape.size(); ++i) {
        const std::int64_t row = i / (kv_heads * dim), text = row / capacity;
        if (row % capacity >= lengths[static_cast<std::size_t>(text)])
          pair->host().as<float>()[i] = std::nanf("");
      }
      pair->upload();
    }
    const Pair score({rows, heads, capacity}), out({rows, heads, dim});
    on_both([&](Device on, Stream& stream) {
      ModelOps::on(on).attention_past({q.on(on), k.on(on), v.on(on), keys.on(on), values.on(on),
                                       length.on(on), score.on(on), out.on(on), window},
                                      stream);
    });
    expect_close(out, tolerance, fmt::format("heads of {}, a window of {}", dim, window));
    expect_same<float>(keys);
    expect_same<float>(values);
  }
}

}  // namespace model_kernels_test
}  // namespace switchyard
