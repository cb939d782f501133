// SHA-256 (FIPS 180-4), which also finds what somebody changed on purpose. Nothing outside
// sha256.cpp names OpenSSL.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace switchyard {

// Hashes bytes that come in pieces. The result does not depend on where the pieces end.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::byte> bytes);
  std::string hex();  // 64 digits, lower case; ends the hash

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_of(std::string_view bytes);
// Reads the whole file. Errors: Exit::data if there is no such regular file.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace switchyard
