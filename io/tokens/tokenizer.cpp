#include "io/tokens/tokenizer.h"

#include "runtime/error.h"

namespace switchyard {

std::unique_ptr<Tokenizer> make_tokenizer(const std::string& kind, const std::string& serialized) {
  if (kind == "bytes") return make_byte_tokenizer();
  if (kind == "sentencepiece") return make_sentencepiece_tokenizer(serialized);
  fail(Exit::data, "unknown tokenizer kind '{}': this version knows bytes and sentencepiece", kind);
}

}  // namespace switchyard
