#include "io/safetensors/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "io/safetensors/narrow.h"
#include "runtime/error.h"
#include "runtime/rounding.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace safetensors_test {

class Safetensors : public testing::Test {
 protected:
  // A file with this header and `data` zeros behind it.
  std::filesystem::path file(const std::string& header, std::size_t data,
                             std::optional<std::uint64_t> length = {}) {
    const std::uint64_t written = length.value_or(header.size());
    std::ofstream out(scratch_ / "file.safetensors", std::ios::binary);
    out.write(reinterpret_cast<const char*>(&written), sizeof written);
    out << header << std::string(data, '\0');
    return scratch_ / "file.safetensors";
  }
  std::string refusal(const std::string& header, std::size_t data,
                      std::optional<std::uint64_t> length = {}) {
    try {
      read_safetensors_header(file(header, data, length));
      return "read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::data) << error.what();
      return error.what();
    }
  }
  const Scratch scratch_;
};

constexpr const char* two =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";

TEST_F(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::vector<SafeTensor> tensors = read_safetensors_header(file(two, 28));
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].begin, 8 + static_cast<std::int64_t>(std::strlen(two)));
  EXPECT_EQ(tensors[1].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(tensors[1].bytes, 24);
}

TEST_F(Safetensors, ReadsTheHeaderThatItWrites) {
  std::vector<SafeTensor> tensors = {
      {"x.weight", "F32", {3}}, {"empty", "F16", {0, 4}}, {"y", "BF16", {}}};
  const std::string header = safetensors_header(tensors);
  EXPECT_EQ(header.size() % 8, 0U);
  std::ofstream(scratch_ / "w", std::ios::binary) << header << std::string(12 + 2, '\0');
  const std::vector<SafeTensor> read = read_safetensors_header(scratch_ / "w");
  ASSERT_EQ(read.size(), 3U);
  for (const SafeTensor& tensor : tensors) {
    const auto same = [&](const SafeTensor& other) {
      return other.name == tensor.name && other.begin == tensor.begin &&
             other.bytes == tensor.bytes;
    };
    EXPECT_TRUE(std::any_of(read.begin(), read.end(), same)) << tensor.name;
  }
}

TEST_F(Safetensors, RefusesWhatIsNotWhole) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal(two, 27), HasSubstr("end at byte"));
  EXPECT_THAT(refusal(two, 29), HasSubstr("end at byte"));
  EXPECT_THAT(refusal(two, 28, 1 << 20), HasSubstr("cut short"));
  EXPECT_THAT(refusal(two, 28, std::uint64_t{1} << 40), HasSubstr("not a safetensors file"));
  EXPECT_THAT(refusal("[1]", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("{\"a\":", 0), HasSubstr("is not JSON"));
}

TEST_F(Safetensors, RefusesGapsOverlapsAndWrongSizes) {
  using testing::HasSubstr;
  const auto one = [](const std::string& body) { return "{\"a\":{" + body + "}}"; };
  EXPECT_THAT(refusal(one(R"("dtype":"U8","shape":[2],"data_offsets":[1,3])"), 3),
              HasSubstr("begins at byte"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                      3),
              HasSubstr("begins at byte"));
  EXPECT_THAT(refusal(one(R"("dtype":"U8","shape":[2],"data_offsets":[0,3])"), 3),
              HasSubstr("does not need"));
  EXPECT_THAT(refusal(one(R"("dtype":"U8","shape":[2],"data_offsets":[3,1])"), 3),
              HasSubstr("does not need"));
  EXPECT_THAT(refusal(one(R"("dtype":"F9","shape":[2],"data_offsets":[0,2])"), 2),
              HasSubstr("not known"));
  EXPECT_THAT(refusal(one(R"("dtype":"U8","shape":[-1],"data_offsets":[0,2])"), 2),
              HasSubstr("no size"));
  EXPECT_THAT(
      refusal(one(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,2])"), 2),
      HasSubstr("larger than any file"));
  EXPECT_THAT(refusal(one(R"("dtype":"U8","shape":[2])"), 2), HasSubstr("not described"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                      R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                      1),
              HasSubstr("names a twice"));
}

TEST(Narrow, F16IsNearestEvenForEveryValue) {
  for (std::uint32_t half = 0; half < 0x7c00; ++half) {
    const auto bits = static_cast<std::uint16_t>(half);
    const float value = value_of_f16(bits);
    EXPECT_EQ(f16_of(value), bits);
    EXPECT_EQ(f16_of(-value), bits | 0x8000U);
    if (half == 0x7bff) break;
    const float next = value_of_f16(static_cast<std::uint16_t>(half + 1));
    const float middle = value + (next - value) / 2;  // exact
    EXPECT_EQ(f16_of(middle), half % 2 == 0 ? half : half + 1) << middle;
    EXPECT_EQ(f16_of(std::nextafter(middle, 0.0F)), half) << middle;
    EXPECT_EQ(f16_of(std::nextafter(middle, 1e9F)), half + 1) << middle;
  }
  EXPECT_EQ(f16_of(65519.0F), 0x7bff);
  EXPECT_EQ(f16_of(65520.0F), 0x7c00);
  EXPECT_TRUE(std::isnan(value_of_f16(f16_of(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(Narrow, ValuesBecomeBytes) {
  const std::vector<float> values = {1.0F, -2.5F, 0.1F};
  EXPECT_EQ(bytes_as("F32", values).size(), 12U);
  const std::string bytes = bytes_as("BF16", values);
  std::uint16_t last = 0;
  std::memcpy(&last, bytes.data() + 4, 2);
  EXPECT_EQ(last, bf16_of(0.1F));
  EXPECT_THROW(bytes_as("F16", std::vector<float>{1e6F}), Error);
  EXPECT_NO_THROW(bytes_as("F16", std::vector<float>{HUGE_VALF}));
}

}  // namespace safetensors_test
}  // namespace switchyard
