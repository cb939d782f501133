#include "runtime/random_words.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr std::size_t lanes = 64;  // blocks that are computed side by side

// philox() of `lanes` counters, from {low(first), high(first), key[2], key[3]} on.
SWITCHYARD_MULTIVERSION void philox_lanes(std::uint64_t first, const std::uint32_t* key,
                                          std::uint32_t* out) {
  std::uint32_t a[lanes], b[lanes], c[lanes], d[lanes];
  for (std::size_t i = 0; i < lanes; ++i) {
    a[i] = static_cast<std::uint32_t>(first + i);
    b[i] = static_cast<std::uint32_t>((first + i) >> 32);
    c[i] = key[2];
    d[i] = key[3];
  }
  std::uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint64_t left = std::uint64_t{0xD2511F53} * a[i];
      const std::uint64_t right = std::uint64_t{0xCD9E8D57} * c[i];
      a[i] = static_cast<std::uint32_t>(right >> 32) ^ b[i] ^ k0;
      b[i] = static_cast<std::uint32_t>(right);
      c[i] = static_cast<std::uint32_t>(left >> 32) ^ d[i] ^ k1;
      d[i] = static_cast<std::uint32_t>(left);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    out[4 * i] = a[i];
    out[4 * i + 1] = b[i];
    out[4 * i + 2] = c[i];
    out[4 * i + 3] = d[i];
  }
}

using Half = std::array<std::uint32_t, 2>;

Half halves(std::uint64_t x) {
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

}  // namespace

// The key of Random.
RandomWords::RandomWords(std::uint64_t seed, Purpose purpose, std::uint64_t step)
    : key_(philox({halves(step)[0], halves(step)[1], static_cast<std::uint32_t>(purpose), 0},
                  halves(seed))) {}

void RandomWords::fill(std::uint64_t first, std::span<std::uint32_t> out) const {
  require(out.size() % 4 == 0, "{} words are no whole blocks", out.size());
  for (; out.size() >= 4 * lanes; out = out.subspan(4 * lanes), first += lanes)
    philox_lanes(first, key_.data(), out.data());
  for (; !out.empty(); out = out.subspan(4), ++first)
    std::ranges::copy(
        philox({halves(first)[0], halves(first)[1], key_[2], key_[3]}, {key_[0], key_[1]}),
        out.begin());
}

}  // namespace switchyard
