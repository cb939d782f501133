// XXH3-128, the hash of documents and of all bytes at rest. It finds accidents, not attackers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace switchyard {

// The identity of some bytes, and the order of documents.
struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const ContentHash&) const = default;
  std::string hex() const;  // 32 digits, lower case, high half first
};

ContentHash content_hash(std::string_view bytes);
ContentHash content_hash(std::span<const std::byte> bytes);

// The hash whose hex() is this text; nothing if the text is not 32 lower-case hex digits.
std::optional<ContentHash> parse_content_hash(std::string_view hex);

// Hashes bytes that come in pieces. The result does not depend on where the pieces end.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void add(const void* data, std::int64_t bytes);
  ContentHash hash() const;  // of all bytes added so far
  std::string hex() const { return hash().hex(); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard

// Half of the bits are as random as a hash table needs.
template <>
struct std::hash<switchyard::ContentHash> {
  std::size_t operator()(const switchyard::ContentHash& value) const { return value.low; }
};
