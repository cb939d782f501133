#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "model/ops.h"
#include "runtime/random.h"

namespace switchyard {
namespace attention_past_test {

constexpr std::int64_t length = 32, heads = 6, kv_heads = 2, dim = 12, capacity = 40, texts = 2;

Buffer normals(Shape shape, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  Buffer result(shape, DType::f32);
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    result.tensor().as<float>()[i] =
        static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  }
  return result;
}

// Two texts of 32 tokens, attended to as a whole; then the last token alone from a past of 31.
struct Case {
  explicit Case(std::int64_t attention_window = 0) : window(attention_window) {
    std::vector<std::int32_t> position(texts * length);
    for (std::size_t i = 0; i < position.size(); ++i) {
      const auto earlier = static_cast<std::int64_t>(i) % length;
      position[i] = static_cast<int>(window > 0 ? std::min(earlier, window - 1) : earlier);
    }
    const AttentionShape shape{texts, length, heads, kv_heads, dim};
    const Buffer log_sum({texts * length, heads}, DType::f32);
    const Buffer scratch({ops.attention_scratch(shape, stream)}, DType::f32);
    ops.attention({q, k, v, tensor_of(position.data(), {texts * length}), whole, log_sum}, shape,
                  scratch, stream);
    for (std::int64_t text = 0; text < texts; ++text) {
      copy(k, text * length, length - 1, keys, text * capacity);
      copy(v, text * length, length - 1, values, text * capacity);
      lengths.tensor().as<std::int32_t>()[text] = length - 1;
    }
    for (std::int64_t row = 0; row < rows; ++row) {  // the third row repeats text 0
      const std::int64_t last = (row < texts ? row : 0) * length + length - 1;
      copy(q, last, 1, last_q, row);
      copy(k, last, 1, last_k, row);
      copy(v, last, 1, last_v, row);
    }
    run();
  }

  void run() {
    ops.attention_past({last_q, last_k, last_v, keys, values, lengths, score, out, window}, stream);
  }

  static void copy(Tensor from, std::int64_t first, std::int64_t count, Tensor to,
                   std::int64_t at) {
    const std::int64_t each = to.dim(to.shape.num_dims() - 2) * dim;
    std::copy_n(from.as<float>() + first * each, count * each, to.as<float>() + at * each);
  }
  float expected(std::int64_t text, std::int64_t i) const {
    return whole.tensor().as<float>()[(text * length + length - 1) * heads * dim + i];
  }
  float got(std::int64_t row, std::int64_t i) const {
    return out.tensor().as<float>()[row * heads * dim + i];
  }

  static constexpr std::int64_t rows = 3;
  std::int64_t window;
  Stream stream = Stream::cpu(2);
  ModelOps& ops = ModelOps::on(Device::cpu());
  Buffer q = normals({texts * length, heads, dim}, 1),
         k = normals({texts * length, kv_heads, dim}, 2),
         v = normals({texts * length, kv_heads, dim}, 3);
  Buffer whole{{texts * length, heads, dim}, DType::f32};
  Buffer keys{{texts, capacity, kv_heads, dim}, DType::f32},
      values{{texts, capacity, kv_heads, dim}, DType::f32}, lengths{{texts}, DType::i32};
  Buffer last_q{{rows, heads, dim}, DType::f32}, last_k{{rows, kv_heads, dim}, DType::f32},
      last_v{{rows, kv_heads, dim}, DType::f32};
  Buffer score{{rows, heads, capacity}, DType::f32}, out{{rows, heads, dim}, DType::f32};
};

TEST(AttentionPast, TheLastTokenSeesWhatItSeesInTheWholeText) {
  for (const std::int64_t window : {0, 1, 5, 31, 32, 100}) {
    const Case past(window);
    for (std::int64_t text = 0; text < texts; ++text) {
      for (std::int64_t i = 0; i < heads * dim; ++i) {
        EXPECT_NEAR(past.got(text, i), past.expected(text, i), 1e-5) << "a window of " << window;
      }
    }
  }
}

TEST(AttentionPast, RowsPastTheTextsRepeatTextZero) {
  const Case past;
  for (std::int64_t i = 0; i < heads * dim; ++i) EXPECT_EQ(past.got(2, i), past.got(0, i));
}

TEST(AttentionPast, AFullTextIsRefused) {
  Case past;
  past.lengths.tensor().as<std::int32_t>()[1] = capacity;
  EXPECT_THROW(past.run(), Error);
}

}  // namespace attention_past_test
}  // namespace switchyard
