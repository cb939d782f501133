#include "io/files/hash.h"
#include "io/tokens/tokenizer.h"

namespace switchyard {
namespace {

constexpr std::int32_t num_bytes = 256;

class ByteTokenizer : public Tokenizer {
 public:
  std::string kind() const override { return "bytes"; }
  std::int64_t vocabulary() const override { return num_bytes + 1; }
  std::int32_t boundary() const override { return num_bytes; }
  std::int32_t unknown() const override { return -1; }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> tokens(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) tokens[i] = static_cast<unsigned char>(text[i]);
    return tokens;
  }

  std::string decode(std::span<const std::int32_t> tokens) const override {
    std::string text;
    text.reserve(tokens.size());
    for (const std::int32_t token : tokens) {
      if (token >= 0 && token < num_bytes) text += static_cast<char>(token);
    }
    return text;
  }

  std::string hash() const override { return content_hash("bytes 256, boundary 256").hex(); }
  std::string serialized() const override { return ""; }
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_tokenizer() { return std::make_unique<ByteTokenizer>(); }

}  // namespace switchyard
