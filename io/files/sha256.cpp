#include "io/files/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t bytes_read_at_once = std::int64_t{1} << 22;

void check(int result) { require(result == 1, "SHA-256 failed in OpenSSL"); }

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr, "SHA-256 found no memory");
  check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(bytes)));
  return hash.hex();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const durable::File file = durable::File::open_for_reading(path);
  Sha256 hash;
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::clamp<std::int64_t>(file.size(), 1, bytes_read_at_once)));
  std::int64_t done = 0;
  while (const std::int64_t count = file.read_at(done, buffer)) {
    hash.add(std::span(buffer).first(static_cast<std::size_t>(count)));
    done += count;
    file.will_need(done, 2 * bytes_read_at_once);
  }
  return hash.hex();
}

}  // namespace switchyard
