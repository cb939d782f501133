// murmur_mix: spreads the bits of a 64-bit key.
#pragma once

#include <cstdint>

namespace switchyard::prepare {

// The finaliser of MurmurHash3 (Appleby): a bijection in which every bit of x touches every bit of
// the result.
inline std::uint64_t murmur_mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDU;
  x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53U;
  return x ^ (x >> 33);
}

}  // namespace switchyard::prepare
