// Tokenizer: text to token ids and back. Bytes, SentencePiece BPE, or what a tokenizer.json says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::string kind() const = 0;         // "bytes", "sentencepiece", "huggingface"
  virtual std::int64_t vocabulary() const = 0;  // number of ids, the boundary included
  virtual std::int32_t boundary() const = 0;  // starts every document; never comes out of encode()
  // Whether transformers puts the boundary before every text that it encodes. A tokenizer.json of
  // another model may not say so; then benchmarks of that model go without.
  virtual bool puts_boundary_first() const { return true; }
  virtual std::int32_t unknown() const = 0;  // for text that no other id spells; -1: there is none
  // The id of a token that no text spells, such as "<|fim_prefix|>"; -1: there is none.
  virtual std::int32_t special(const std::string& /*name*/) const { return -1; }
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  // Boundary tokens and unknown ids decode to nothing.
  virtual std::string decode(std::span<const std::int32_t> tokens) const = 0;
  virtual std::string hash() const = 0;  // of the vocabulary, not of a file: hex XXH3-128
  // The text from which make_tokenizer builds it again; stored in datasets and checkpoints.
  virtual std::string serialized() const = 0;
};

std::unique_ptr<Tokenizer> make_byte_tokenizer();
// model: the bytes of a SentencePiece .model file. Errors: Exit::data if they are not.
std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(const std::string& model);
// serialized: what hub::serialized made of a tokenizer.json (io/tokens/hub/hub_file.h). Errors:
// Exit::data for what is in the file and not understood, by its path.
std::unique_ptr<Tokenizer> make_hub_tokenizer(const std::string& serialized);
// From kind() and serialized().
std::unique_ptr<Tokenizer> make_tokenizer(const std::string& kind, const std::string& serialized);
// Whether datasets and checkpoints keep serialized() of the kind as a file.
bool is_kept_as_file(const std::string& kind);
// Trains SentencePiece BPE on `documents` in the order given, single-threaded, with a fixed seed:
// the same documents give the same vocabulary. Returns the model's bytes.
std::string train_sentencepiece(const std::vector<std::string>& documents, int vocabulary);

}  // namespace switchyard
