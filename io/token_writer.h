// TokenWriter: one split of a dataset, written as HDF5 shards of whole documents
// (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/extent.h"

namespace switchyard {

inline constexpr std::int64_t token_chunk_bytes = std::int64_t{64} << 10;

// A shard is written when the next document would make its tokens exceed `shard_bytes`; a longer
// document has a shard of its own. The shard being filled is held in memory.
class TokenWriter {
 public:
  TokenWriter(std::filesystem::path folder, std::string split, std::int64_t vocabulary,
              std::int64_t shard_bytes = std::int64_t{256} << 20);

  // boundary, then tokens. Requires ids in [0, vocabulary).
  void add_document(std::int32_t boundary, std::span<const std::int32_t> tokens);

  struct Split {
    nlohmann::json summary;  // {tokens, documents, shards: [file names]}
    std::vector<FileEntry> files;
  };
  Split finish();

 private:
  void append(std::int32_t token);
  void write_shard();

  std::filesystem::path folder_;
  std::string split_;
  std::int64_t vocabulary_;
  std::int64_t shard_bytes_;
  std::string dtype_;                  // u16, or u32 for more than 65,536 ids
  std::vector<std::byte> tokens_;      // of the current shard
  std::vector<std::int64_t> offsets_;  // where its documents start
  std::int64_t num_tokens_ = 0, num_documents_ = 0;
  std::vector<FileEntry> files_;
};

}  // namespace switchyard
