#include "launch/verify/transformers/comparison.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

TEST(Comparison, SingleTokensAreNoFaultAndTheFirstTensorIsNamed) {
  TransformersResult result;
  result.tensors = {
      {"embedding", 0, 0, 0}, {"layer0.attention", 10, 0, 0}, {"layer0.output", 11, 0, 0}};
  EXPECT_EQ(first_parted(result, 1000)->tensor, "layer0.output");
  EXPECT_EQ(first_parted(result, 999)->tensor, "layer0.attention");
  EXPECT_FALSE(first_parted(result, 1100));
}

TEST(Comparison, NamesPlaces) {
  EXPECT_EQ(place_in_words("embedding"), "the embedding");
  EXPECT_EQ(place_in_words("layer12.attention"), "layer12, in its attention");
  EXPECT_EQ(place_in_words("layer0.output"), "layer0, in its FFN");
}

TEST(Comparison, ReadsWhatPythonWrites) {
  const Scratch scratch;
  const auto file = scratch.path() / "result.json";
  std::ofstream(file)
      << R"({"loss": 1.5, "model": "M", "transformers": "5", "torch": "2", "tensors":
      [{"tensor": "embedding", "beyond": 3, "median": null, "most": 2.0}]})";
  const TransformersResult result = read_result(file);
  EXPECT_EQ(result.loss, 1.5);
  ASSERT_EQ(result.tensors.size(), 1U);
  EXPECT_EQ(result.tensors[0].beyond, 3);
  EXPECT_NE(result.tensors[0].median, result.tensors[0].median);  // NaN
  std::ofstream(file) << R"({"loss": 1.5})";
  EXPECT_THROW(read_result(file), Error);
}

}  // namespace
}  // namespace switchyard
