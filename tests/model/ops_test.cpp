#include "model/ops.h"

#include "tests/reference/gradient.h"

namespace switchyard {
namespace ops_test {

using reference::tensor_of;

constexpr std::int64_t num_tokens = 80;
constexpr std::int64_t hidden = 70;
constexpr std::int64_t vocabulary = 5;

std::vector<std::int32_t> tokens() {
  std::vector<std::int32_t> result;
  for (std::int64_t t = 0; t < num_tokens; ++t) {
    result.push_back(static_cast<std::int32_t>(t * t % vocabulary));
  }
  return result;
}

TEST(ModelOps, EmbedCopiesRows) {
  std::vector<std::int32_t> token = tokens();
  std::vector<float> table = reference::normals(vocabulary * hidden, 1);
  std::vector<float> out(num_tokens * hidden);
  Stream stream = Stream::cpu(2);
  ModelOps::on(Device::cpu())
      .embed(tensor_of(token), tensor_of(table, {vocabulary, hidden}), tensor_of(out), stream);
  for (std::int64_t t = 0; t < num_tokens; ++t) {
    for (std::int64_t i = 0; i < hidden; ++i) {
      ASSERT_EQ(out[t * hidden + i], table[token[t] * hidden + i]) << "token " << t;
    }
  }
}

TEST(ModelOps, EmbedBackwardAddsInTokenOrder) {
  std::vector<std::int32_t> token = tokens();
  std::vector<float> d_out = reference::normals(num_tokens * hidden, 2);
  std::vector<float> d_table(vocabulary * hidden, 7.0F);
  Stream stream = Stream::cpu(2);
  ModelOps::on(Device::cpu())
      .embed_backward(tensor_of(token), tensor_of(d_out), tensor_of(d_table, {vocabulary, hidden}),
                      stream);
  std::vector<float> expected(vocabulary * hidden);
  for (std::int64_t t = 0; t < num_tokens; ++t) {
    for (std::int64_t i = 0; i < hidden; ++i) {
      expected[token[t] * hidden + i] += d_out[t * hidden + i];
    }
  }
  EXPECT_TRUE(reference::same_bits(d_table, expected));
}

TEST(ModelOps, EmbedRefusesATokenOutsideTheVocabulary) {
  std::vector<std::int32_t> token = {0, vocabulary};
  std::vector<float> table(vocabulary * hidden);
  std::vector<float> out(2 * hidden);
  Stream stream = Stream::cpu(1);
  EXPECT_THROW(
      ModelOps::on(Device::cpu())
          .embed(tensor_of(token), tensor_of(table, {vocabulary, hidden}), tensor_of(out), stream),
      Error);
}

TEST(ModelOps, MissingCudaKernelsAreAUsageError) {
  try {
    ModelOps::on({Device::Kind::cuda, 0});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
  }
}

}  // namespace ops_test
}  // namespace switchyard
