// Fuzzes manifests: whatever the text holds, a manifest or Exit::data comes out, and what comes out
// names no file outside its folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "io/files/hash.h"
#include "io/folder/manifest.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

void parse(const std::string& text) {
  try {
    for (const FileEntry& file : parse_manifest(text, "tokens", 1).files) {
      if (file.name.find('/') != std::string::npos || file.name == "..") std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != Exit::data) std::abort();
  }
}

// As it is, and with the hash that vouches for it, so that what lies behind the hash is reached.
void parse_both(const std::string& text) {
  parse(text);
  auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return;
  document.erase("hash");
  const std::string canonical = canonical_text(document);
  document["hash"] = content_hash(canonical).hex();
  parse(document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size < 4096) switchyard::parse_both(text);
  return 0;
}
