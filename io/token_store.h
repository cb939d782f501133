// TokenStore: a committed dataset, opened for reading. The tokens of a split are one long stream.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "io/tokenizer.h"

namespace switchyard {

inline constexpr const char* dataset_kind = "dataset";
inline constexpr int dataset_version = 0;
inline constexpr const char* tokenizer_file = "tokenizer.model";
inline constexpr const char* report_file = "report.json";

// A dataset folder as `switchyard prepare` wrote it (docs/file-formats.md). Every chunk of tokens
// is checked against the manifest's hash when it is first read. Every document is <boundary> t1 ...
// tn; the next document's boundary is the target of tn, so each token but a split's very first is a
// target exactly once.
class TokenStore {
 public:
  // Errors: Exit::data, naming the file and what is wrong with it.
  explicit TokenStore(const std::filesystem::path& folder);
  ~TokenStore();
  TokenStore(TokenStore&&) noexcept;

  std::int64_t vocabulary() const;            // number of token ids
  std::int32_t boundary_token() const;        // starts every document
  const std::string& tokenizer_hash() const;  // of the vocabulary, hex
  const nlohmann::json& manifest() const;  // what `prepare` wrote about the whole: Manifest::meta
  std::int64_t num_tokens(const std::string& split) const;  // split: "train" or "validation"
  std::int64_t num_documents(const std::string& split) const;
  // The tokenizer that made the tokens. Errors: Exit::data if the folder holds another one.
  std::unique_ptr<Tokenizer> tokenizer() const;

  // Tokens [begin, begin + out.size()) of the split, each in [0, vocabulary). Allocates nothing
  // once as many have been read before. Errors: Exit::data if a chunk does not match its hash.
  void read(const std::string& split, std::int64_t begin, std::span<std::int32_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard
