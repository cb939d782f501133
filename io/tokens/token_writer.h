// TokenWriter: one shard of tokens, an HDF5 file of whole documents (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/folder/extent.h"

namespace switchyard {

inline constexpr std::int64_t token_chunk_bytes = std::int64_t{64} << 10;

// Keeps the shard in memory until finish(). Its bytes are a function of the documents alone.
class TokenWriter {
 public:
  // The file is <folder>/<name>.h5. vocabulary: number of ids; up to 65,536 of them take two bytes
  // each, more take four. unknown: Tokenizer::unknown().
  TokenWriter(std::filesystem::path folder, std::string name, std::int64_t vocabulary,
              std::int32_t unknown = -1);

  void reserve(std::int64_t tokens);  // saves time where about as many will come

  // boundary, then tokens, of which the first prompt_tokens are a prompt. Requires ids in
  // [0, vocabulary) and a source in [0, 65535].
  void add_document(std::int32_t boundary, std::span<const std::int32_t> tokens,
                    std::int32_t source, ContentHash hash, std::int32_t prompt_tokens = 0);

  std::int64_t num_tokens() const { return document_offsets_.back(); }  // boundaries included
  std::int64_t num_documents() const { return std::ssize(document_sources_); }
  std::int64_t num_unknown() const { return num_unknown_; }

  // Writes the file. To be called once. Errors: Exit::storage; Exit::usage if the file exists.
  FileEntry finish();

 private:
  void append(std::span<const std::int32_t> tokens);

  std::filesystem::path folder_;
  std::string name_;
  std::int64_t vocabulary_;
  std::int32_t unknown_;
  std::int64_t num_unknown_ = 0;
  std::string dtype_;                  // u16 or u32
  std::vector<std::uint16_t> narrow_;  // the tokens, if u16
  std::vector<std::uint32_t> wide_;    // the tokens, if u32
  std::vector<std::int64_t> document_offsets_{0};
  std::vector<std::uint16_t> document_sources_;
  std::vector<std::uint64_t> document_hashes_;  // high and low of each
  std::vector<std::int32_t> document_prompts_;  // written if one of them has tokens
};

}  // namespace switchyard
