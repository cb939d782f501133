#include "runtime/codes/row_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/random.h"

namespace switchyard {
namespace {

constexpr float largest_code = 127.0F;

float scale_of(const float* row, std::int64_t cols) {
  float largest = 0.0F;
  for (std::int64_t i = 0; i < cols; ++i) {
    if (!std::isfinite(row[i])) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, std::abs(row[i]));
  }
  return largest / largest_code;
}

// In [0, 1), from 24 of the bits that the element has among those of its four neighbours.
class Chances {
 public:
  explicit Chances(const RoundingChance& chance) : key_(chance.key) {}
  float of(std::uint64_t element) {
    if (element / 4 != four_) {
      four_ = element / 4;
      bits_ = philox(
          {static_cast<std::uint32_t>(four_), static_cast<std::uint32_t>(four_ >> 32), 0, 0}, key_);
    }
    return static_cast<float>(bits_[element % 4] >> 8) * 0x1p-24F;
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t four_ = ~std::uint64_t{0};
  Philox bits_{};
};

std::int8_t code_of(float rounded) {
  return static_cast<std::int8_t>(std::clamp(rounded, -largest_code, largest_code));
}

void encode_row(const float* row, std::int64_t cols, std::int64_t first_element,
                const std::optional<RoundingChance>& chance, std::int8_t* codes, float& scale) {
  scale = scale_of(row, cols);
  // A row whose scale underflows is 0.
  if (!(scale >= std::numeric_limits<float>::min())) {
    if (!std::isnan(scale)) scale = 0.0F;
    std::fill_n(codes, cols, std::int8_t{0});
    return;
  }
  if (!chance) {
    for (std::int64_t i = 0; i < cols; ++i) codes[i] = code_of(std::nearbyintf(row[i] / scale));
    return;
  }
  Chances chances(*chance);
  for (std::int64_t i = 0; i < cols; ++i) {
    const float exact = row[i] / scale, lower = std::floor(exact);
    const bool up = chances.of(static_cast<std::uint64_t>(first_element + i)) < exact - lower;
    codes[i] = code_of(up ? lower + 1.0F : lower);
  }
}

// Calls work(row) for all rows, some thousand elements to a thread at a time.
template <class Work>
void for_rows(std::int64_t rows, std::int64_t cols, Stream& stream, Work work) {
  const std::int64_t each = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, cols));
  parallel_for(stream, (rows + each - 1) / each, [&](std::int64_t part) {
    for (std::int64_t row = part * each; row < std::min(rows, (part + 1) * each); ++row) work(row);
  });
}

}  // namespace

void encode_rows(Tensor weights, const std::optional<RoundingChance>& chance, const RowCodes& out,
                 Stream& stream) {
  const std::int64_t rows = out.codes.rows(), cols = out.codes.cols();
  require(weights.size() == out.codes.size() && out.scales.size() == rows,
          "{} weights for {} codes and {} scales", weights.size(), out.codes.size(),
          out.scales.size());
  for_rows(rows, cols, stream, [&](std::int64_t row) {
    encode_row(weights.as<float>() + row * cols, cols, row * cols, chance,
               static_cast<std::int8_t*>(out.codes.data) + row * cols, out.scales.as<float>()[row]);
  });
}

void decode_rows(const RowCodes& codes, Tensor weights, Stream& stream) {
  const std::int64_t rows = codes.codes.rows(), cols = codes.codes.cols();
  require(weights.size() == codes.codes.size(), "{} weights of {} codes", weights.size(),
          codes.codes.size());
  for_rows(rows, cols, stream, [&](std::int64_t row) {
    const auto* from = static_cast<const std::int8_t*>(codes.codes.data) + row * cols;
    const float scale = codes.scales.as<float>()[row];
    float* const to = weights.as<float>() + row * cols;
    for (std::int64_t i = 0; i < cols; ++i) to[i] = static_cast<float>(from[i]) * scale;
  });
}

}  // namespace switchyard
