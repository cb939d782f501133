// ContentHash: 128 bits of XXH3 over some text, the identity and the order of documents.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard {

struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const ContentHash&) const = default;
  std::string hex() const;  // 32 digits, as xxh3_hex prints the same bytes
};

ContentHash content_hash(std::string_view bytes);

}  // namespace switchyard

// The bits of a hash are as random as hashing needs them.
template <>
struct std::hash<switchyard::ContentHash> {
  std::size_t operator()(const switchyard::ContentHash& value) const { return value.low; }
};
