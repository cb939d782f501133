#include "io/files/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace switchyard {
namespace {

std::string hex_of(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

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

std::string Hasher::hex() const { return hex_of(XXH3_128bits_digest(state_->stream)); }

std::string xxh3_hex(const void* data, std::int64_t bytes) {
  return hex_of(XXH3_128bits(data, static_cast<std::size_t>(bytes)));
}

}  // namespace switchyard
