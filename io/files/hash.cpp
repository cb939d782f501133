#include "io/files/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>

namespace switchyard {
namespace {

ContentHash from_library(XXH128_hash_t hash) { return {hash.high64, hash.low64}; }

}  // namespace

std::string ContentHash::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

ContentHash content_hash(std::string_view bytes) {
  return from_library(XXH3_128bits(bytes.data(), bytes.size()));
}

ContentHash content_hash(std::span<const std::byte> bytes) {
  return from_library(XXH3_128bits(bytes.data(), bytes.size()));
}

std::optional<ContentHash> parse_content_hash(std::string_view hex) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (hex.size() != 32 || hex.find_first_not_of(digits) != std::string_view::npos) return {};
  ContentHash hash;
  std::from_chars(hex.data(), hex.data() + 16, hash.high, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, hash.low, 16);
  return hash;
}

struct Hasher::State {
  XXH3_state_t* stream = XXH3_createState();
  State() { XXH3_128bits_reset(stream); }
  ~State() { XXH3_freeState(stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::add(const void* data, std::int64_t bytes) {
  if (bytes > 0) XXH3_128bits_update(state_->stream, data, static_cast<std::size_t>(bytes));
}

ContentHash Hasher::hash() const { return from_library(XXH3_128bits_digest(state_->stream)); }

}  // namespace switchyard
