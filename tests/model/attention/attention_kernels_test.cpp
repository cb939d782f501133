#include "tests/reference/attention.h"

#include "runtime/product/matmul.h"
#include "tests/reference/gradient.h"

namespace switchyard {
namespace attention_test {

using reference::tensor_of;

// Documents of the given lengths fill each sequence, in order.
struct Attention {
  AttentionShape shape;
  std::int64_t num_tokens;
  std::vector<std::int32_t> position;
  std::vector<float> q, k, v, d_out, out, log_sum, d_q, d_k, d_v;

  Attention(const AttentionShape& attention_shape, const std::vector<std::int32_t>& documents)
      : shape(attention_shape),
        num_tokens(padded_rows(shape.num_sequences * shape.sequence)),
        position(num_tokens),
        q(reference::normals(num_tokens * shape.num_heads * shape.head_dim, 1)),
        k(reference::normals(num_tokens * shape.num_kv_heads * shape.head_dim, 2)),
        v(reference::normals(num_tokens * shape.num_kv_heads * shape.head_dim, 3)),
        d_out(reference::normals(num_tokens * shape.num_heads * shape.head_dim, 4)),
        out(q.size(), 9.0F),
        log_sum(num_tokens * shape.num_heads, 9.0F),
        d_q(q.size(), 9.0F),
        d_k(k.size(), 9.0F),
        d_v(v.size(), 9.0F) {
    std::size_t t = 0;
    for (std::int64_t sequence = 0; sequence < shape.num_sequences; ++sequence) {
      for (const std::int32_t length : documents) {
        for (std::int32_t i = 0; i < length; ++i) position[t++] = i;
      }
    }
    EXPECT_EQ(static_cast<std::int64_t>(t), shape.num_sequences * shape.sequence);
  }

  void run(int num_threads) {
    Stream stream = Stream::cpu(num_threads);
    ModelOps& ops = ModelOps::on(Device::cpu());
    std::vector<float> scratch(ops.attention_scratch(shape, stream), 1e30F);
    ops.attention(tensors(), shape, tensor_of(scratch), stream);
    ops.attention_backward(tensors(),
                           {tensor_of(d_out), tensor_of(d_q), tensor_of(d_k), tensor_of(d_v)},
                           shape, tensor_of(scratch), stream);
  }
  AttentionTensors tensors() {
    return {tensor_of(q),        tensor_of(k),   tensor_of(v),
            tensor_of(position), tensor_of(out), tensor_of(log_sum)};
  }
};

const AttentionShape grouped = {2, 77, 4, 2, 20};
const std::vector<std::int32_t> several_documents = {1, 30, 21, 25};

void expect_forward_matches(Attention attention) {
  attention.run(2);
  const std::vector<double> expected =
      reference::attention(reference::widened(attention.q), reference::widened(attention.k),
                           reference::widened(attention.v), attention.position, attention.shape);
  std::vector<float> used = attention.out;
  const std::size_t size = attention.shape.num_sequences * attention.shape.sequence *
                           attention.shape.num_heads * attention.shape.head_dim;
  used.resize(size);
  reference::expect_close(used, {expected.begin(), expected.begin() + size}, 1e-5);
}

TEST(Attention, MatchesReference) { expect_forward_matches({grouped, several_documents}); }

TEST(Attention, MatchesReferenceAtLengthOne) { expect_forward_matches({{3, 1, 2, 1, 8}, {1}}); }

TEST(Attention, MatchesReferenceAcrossManyTiles) {
  expect_forward_matches({{1, 333, 2, 2, 64}, {333}});
}

TEST(Attention, MatchesReferenceWithOneKeyHead) {
  expect_forward_matches({{1, 96, 3, 1, 16}, {48, 48}});
}

struct Doubles {
  explicit Doubles(const Attention& x)
      : q(reference::widened(x.q)),
        k(reference::widened(x.k)),
        v(reference::widened(x.v)),
        d_out(reference::widened(x.d_out)) {}
  std::vector<double> q, k, v, d_out;
};

TEST(Attention, QueryGradientMatchesFiniteDifferences) {
  Attention x(grouped, several_documents);
  x.run(2);
  const Doubles at(x);
  const auto loss = [&](const std::vector<double>& q) {
    return reference::dot(reference::attention(q, at.k, at.v, x.position, x.shape), at.d_out);
  };
  reference::expect_gradient(x.d_q, loss, at.q);
}

TEST(Attention, KeyGradientMatchesFiniteDifferences) {
  Attention x(grouped, several_documents);
  x.run(2);
  const Doubles at(x);
  const auto loss = [&](const std::vector<double>& k) {
    return reference::dot(reference::attention(at.q, k, at.v, x.position, x.shape), at.d_out);
  };
  reference::expect_gradient(x.d_k, loss, at.k);
}

TEST(Attention, ValueGradientMatchesFiniteDifferences) {
  Attention x(grouped, several_documents);
  x.run(2);
  const Doubles at(x);
  const auto loss = [&](const std::vector<double>& v) {
    return reference::dot(reference::attention(at.q, at.k, v, x.position, x.shape), at.d_out);
  };
  reference::expect_gradient(x.d_v, loss, at.v);
}

TEST(Attention, GradientsMatchFiniteDifferencesAcrossManyTiles) {
  Attention x({1, 150, 1, 1, 32}, {150});
  x.run(1);
  const Doubles at(x);
  const auto loss = [&](const std::vector<double>& k) {
    return reference::dot(reference::attention(at.q, k, at.v, x.position, x.shape), at.d_out);
  };
  reference::expect_gradient(x.d_k, loss, at.k, 60);
}

TEST(Attention, PaddingRowsAreZero) {
  Attention x(grouped, several_documents);
  ASSERT_EQ(x.num_tokens, 160);
  x.run(2);
  const auto expect_zero_tail = [](const std::vector<float>& values, std::size_t row_size) {
    for (std::size_t i = 154 * row_size; i < values.size(); ++i) ASSERT_EQ(values[i], 0.0F);
  };
  expect_zero_tail(x.out, 80);
  expect_zero_tail(x.log_sum, 4);
  expect_zero_tail(x.d_q, 80);
  expect_zero_tail(x.d_k, 40);
  expect_zero_tail(x.d_v, 40);
}

TEST(Attention, DoesNotDependOnThreads) {
  Attention one(grouped, several_documents);
  one.run(1);
  Attention three(grouped, several_documents);
  three.run(3);
  EXPECT_TRUE(reference::same_bits(one.out, three.out));
  EXPECT_TRUE(reference::same_bits(one.d_q, three.d_q));
  EXPECT_TRUE(reference::same_bits(one.d_k, three.d_k));
  EXPECT_TRUE(reference::same_bits(one.d_v, three.d_v));
}

// The rows [begin, end) of a tensor with row_size elements per row.
std::vector<float> rows(const std::vector<float>& x, std::size_t begin, std::size_t end,
                        std::size_t row_size) {
  return {x.begin() + begin * row_size, x.begin() + end * row_size};
}

void expect_same_document(const Attention& a, const Attention& b, std::size_t begin,
                          std::size_t end) {
  const std::size_t query_size = a.shape.num_heads * a.shape.head_dim;
  const std::size_t key_size = a.shape.num_kv_heads * a.shape.head_dim;
  const auto same = [&](const std::vector<float>& x, const std::vector<float>& y,
                        std::size_t row_size) {
    return reference::same_bits(rows(x, begin, end, row_size), rows(y, begin, end, row_size));
  };
  EXPECT_TRUE(same(a.out, b.out, query_size));
  EXPECT_TRUE(same(a.d_q, b.d_q, query_size));
  EXPECT_TRUE(same(a.d_k, b.d_k, key_size));
  EXPECT_TRUE(same(a.d_v, b.d_v, key_size));
}

TEST(Attention, OtherDocumentsTokensChangeNoBit) {
  Attention a({1, 200, 4, 2, 24}, {70, 60, 70});
  Attention b = a;
  for (std::size_t t = 0; t < 200; ++t) {
    if (t >= 70 && t < 130) continue;
    for (std::size_t i = 0; i < 48; ++i) {
      b.k[t * 48 + i] *= -3.0F;
      b.v[t * 48 + i] += 5.0F;
    }
    for (std::size_t i = 0; i < 96; ++i) {
      b.q[t * 96 + i] *= 2.0F;
      b.d_out[t * 96 + i] -= 1.0F;
    }
  }
  a.run(1);
  b.run(1);
  expect_same_document(a, b, 70, 130);
  EXPECT_FALSE(reference::same_bits(a.out, b.out));
}

TEST(Attention, OtherDocumentsBoundariesChangeNoBit) {
  Attention a({1, 200, 4, 2, 24}, {70, 60, 70});
  Attention b({1, 200, 4, 2, 24}, {1, 20, 49, 60, 3, 67});
  a.run(1);
  b.run(1);
  expect_same_document(a, b, 70, 130);
  EXPECT_FALSE(reference::same_bits(a.out, b.out));
}

TEST(Attention, ASequenceDoesNotDependOnItsNeighbours) {
  Attention pair({2, 100, 2, 2, 16}, {100});
  Attention alone({1, 100, 2, 2, 16}, {100});
  alone.q = rows(pair.q, 100, 100 + alone.num_tokens - 12, 32);
  alone.q.resize(alone.out.size());
  alone.k = rows(pair.k, 100, 200, 32);
  alone.k.resize(alone.out.size());
  alone.v = rows(pair.v, 100, 200, 32);
  alone.v.resize(alone.out.size());
  alone.d_out = rows(pair.d_out, 100, 200, 32);
  alone.d_out.resize(alone.out.size());
  pair.run(1);
  alone.run(1);
  EXPECT_TRUE(reference::same_bits(rows(pair.out, 100, 200, 32), rows(alone.out, 0, 100, 32)));
  EXPECT_TRUE(reference::same_bits(rows(pair.d_k, 100, 200, 32), rows(alone.d_k, 0, 100, 32)));
}

TEST(Attention, LargeScoresDoNotOverflow) {
  Attention x({1, 60, 1, 1, 16}, {60});
  for (float& value : x.q) value *= 1e4F;
  x.run(1);
  for (const float value : x.out) ASSERT_TRUE(std::isfinite(value));
  for (const float value : x.d_k) ASSERT_TRUE(std::isfinite(value));
}

TEST(Attention, MemoryIsLinearInTheSequence) {
  Stream stream = Stream::cpu(1);
  ModelOps& ops = ModelOps::on(Device::cpu());
  const std::int64_t at_1024 = ops.attention_scratch({1, 1024, 1, 1, 64}, stream);
  const std::int64_t at_8192 = ops.attention_scratch({1, 8192, 1, 1, 64}, stream);
  EXPECT_LE(at_8192, 8 * at_1024);
}

TEST(Attention, RefusesAPositionBeforeItsSequence) {
  Attention x(grouped, several_documents);
  x.position[77] = 1;
  EXPECT_THROW(x.run(2), Error);
}

TEST(Attention, RefusesTooLittleScratch) {
  Attention x(grouped, several_documents);
  std::vector<float> scratch(100);
  Stream stream = Stream::cpu(1);
  EXPECT_THROW(
      ModelOps::on(Device::cpu()).attention(x.tensors(), x.shape, tensor_of(scratch), stream),
      Error);
}

}  // namespace attention_test
}  // namespace switchyard
