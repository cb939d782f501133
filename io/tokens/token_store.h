// TokenStore: the tokens of a committed dataset, and what its manifest says about them. The tokens
// of a split are one long stream.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/folder/chunk_reader.h"
#include "io/tokens/tokenizer.h"

namespace switchyard {

inline constexpr const char* tokens_kind = "tokens";
inline constexpr int tokens_version = 1;
inline constexpr const char* tokens_folder = "tokens";  // within the dataset
inline constexpr const char* report_file = "report.json";
inline constexpr const char* unknown_tokens_key = "unknown_tokens";  // of the manifest, if not 0

// The name of a tokenizer's file in the tokens folder, different for each tokenizer. The bytes have
// none.
inline std::string tokenizer_file(const std::string& tokenizer_hash) {
  return "tokenizer-" + tokenizer_hash.substr(0, 8) + ".model";
}

struct SourceCounts {
  std::int64_t tokens = 0, documents = 0, text_bytes = 0;
  bool operator==(const SourceCounts&) const = default;
};

// DATASET/tokens as `switchyard prepare` wrote it (docs/file-formats.md). Every document is
// <boundary> t1 ... tn. Copies share what was read; nothing changes after the constructor.
class TokenStore {
 public:
  // Reads no token. Errors: Exit::data, naming the file and what is wrong with it.
  explicit TokenStore(const std::filesystem::path& dataset);

  const std::filesystem::path& dataset() const;
  std::int64_t vocabulary() const;                  // number of token ids
  std::int32_t boundary_token() const;              // starts every document
  const std::string& tokenizer_hash() const;        // of the vocabulary, hex
  const std::vector<std::string>& sources() const;  // names, in the order of their ids
  const nlohmann::json& manifest() const;           // what `prepare` wrote: Manifest::meta
  bool has_split(const std::string& split) const;
  std::int64_t num_tokens(const std::string& split) const;  // split: "train" or "validation"
  std::int64_t num_documents(const std::string& split) const;
  // What each source has in a split, in the order of their ids. Empty for a dataset from before
  // this was recorded.
  const std::vector<SourceCounts>& source_counts(const std::string& split) const;
  // Bytes of the split's text as it was given to the tokenizer, which may lose some of it. Nothing
  // if that is not known.
  std::optional<std::int64_t> num_text_bytes(const std::string& split) const;
  // Hex hash of the tokens, documents and sources. Neither their place nor their writer changes it.
  const std::string& hash() const;
  // The tokenizer that made the tokens. Errors: Exit::data if the folder holds another one.
  std::unique_ptr<Tokenizer> tokenizer() const;

  // The datasets `tokens` of a split's shards, in the order of the stream: u16, or u32 for more
  // than 65,536 ids.
  std::span<const FileExtent> shards(const std::string& split) const;

 private:
  struct State;
  // Shared because a reader that hangs on its storage outlives its owner (Prefetcher).
  std::shared_ptr<const State> state_;
};

}  // namespace switchyard
