#include "io/tokens/tokenizer.h"

#include "runtime/error.h"

namespace switchyard {

std::unique_ptr<Tokenizer> make_tokenizer(const std::string& kind, const std::string& serialized) {
  if (kind == "bytes") return make_byte_tokenizer();
  if (kind == "sentencepiece") return make_sentencepiece_tokenizer(serialized);
  if (kind == "huggingface") return make_hub_tokenizer(serialized);
  fail(Exit::data,
       "unknown tokenizer kind '{}': this version knows bytes, sentencepiece and huggingface",
       kind);
}

bool is_kept_as_file(const std::string& kind) {
  return kind == "sentencepiece" || kind == "huggingface";
}

}  // namespace switchyard
