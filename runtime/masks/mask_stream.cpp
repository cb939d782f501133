#include "runtime/masks/mask_stream.h"

#include <algorithm>
#include <array>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::size_t bits_of_block = 8;  // elements of one Philox block

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

Philox key_of(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t name,
              std::uint64_t number) {
  const Philox of_step = philox({low(step), high(step), static_cast<std::uint32_t>(purpose), 0},
                                {low(seed), high(seed)});
  return philox({low(name) ^ of_step[2], high(name) ^ of_step[3], low(number), high(number)},
                {of_step[0], of_step[1]});
}

}  // namespace

MaskStream::MaskStream(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t name,
                       std::uint64_t number)
    : words_(key_of(seed, purpose, step, name, number)) {}

void MaskStream::fill(std::int64_t first, std::span<std::uint16_t> out) const {
  require(static_cast<std::uint64_t>(first) % bits_of_block == 0,
          "a mask is drawn from element {}, which begins no block", first);
  std::array<std::uint32_t, 1024> words;
  auto block = static_cast<std::uint64_t>(first) / bits_of_block;
  while (!out.empty()) {
    const std::size_t count = std::min(out.size(), 2 * words.size());
    const std::size_t blocks = (count + bits_of_block - 1) / bits_of_block;
    words_.fill(block, std::span(words).first(4 * blocks));
    for (std::size_t i = 0; i + 1 < count; i += 2) {
      out[i] = static_cast<std::uint16_t>(words[i / 2]);
      out[i + 1] = static_cast<std::uint16_t>(words[i / 2] >> 16);
    }
    if (count % 2 == 1) out[count - 1] = static_cast<std::uint16_t>(words[count / 2]);
    out = out.subspan(count);
    block += blocks;
  }
}

}  // namespace switchyard
