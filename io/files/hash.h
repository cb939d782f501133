// XXH3-128, the hash of all bytes at rest. It finds accidents, not attackers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace switchyard {

// Of bytes that come in pieces; the pieces' borders do not matter.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void add(const void* data, std::int64_t bytes);
  std::string hex() const;  // 32 digits, of all that was added

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string xxh3_hex(const void* data, std::int64_t bytes);

}  // namespace switchyard
