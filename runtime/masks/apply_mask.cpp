#include "runtime/masks/apply_mask.h"

#include <algorithm>
#include <array>

#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr std::int64_t unit = 16384;  // elements that one thread takes at a time
constexpr std::int64_t piece = 2048;  // whose bits lie in the nearest cache

// work(bits, first element) for pieces of `count` elements.
template <class Work>
void for_pieces(const MaskStream& mask, std::int64_t count, Stream& stream, Work work) {
  require(stream.device() == Device::cpu(), "masks are drawn on a CPU alone");
  parallel_for(stream, (count + unit - 1) / unit, [&](std::int64_t i) {
    std::array<std::uint16_t, piece> bits;
    const std::int64_t end = std::min(count, (i + 1) * unit);
    for (std::int64_t begin = i * unit; begin < end; begin += piece) {
      const auto drawn =
          std::span(bits).first(static_cast<std::size_t>(std::min(piece, end - begin)));
      mask.fill(begin, drawn);
      work(drawn, begin);
    }
  });
}

}  // namespace

void apply_mask(const MaskLaw& law, const MaskStream& mask, Tensor in, Tensor out, Stream& stream) {
  expect_size("out", out, in.size());
  for_pieces(mask, in.size(), stream, [&](std::span<const std::uint16_t> bits, std::int64_t i) {
    law.multiply(bits, in.as<float>() + i, out.as<float>() + i);
  });
}

void add_masked(const MaskLaw& law, const MaskStream& mask, Tensor in, Tensor sum, Stream& stream) {
  expect_size("sum", sum, in.size());
  for_pieces(mask, in.size(), stream, [&](std::span<const std::uint16_t> bits, std::int64_t i) {
    law.multiply_add(bits, in.as<float>() + i, sum.as<float>() + i);
  });
}

}  // namespace switchyard
