// DocumentSpans: where the documents of a split lie in its stream of tokens, source by source.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/loader/packing.h"
#include "io/tokens/token_store.h"

namespace switchyard {

// Streams `document_offsets` and `document_sources` of the shards: its memory does not grow with
// them. Errors of everything here: Exit::data naming the file, and the chunk if one does not match
// its hash.
class DocumentSpans {
 public:
  // Reads the sources of all documents, to know which shards hold documents of a source.
  DocumentSpans(const TokenStore& store, const std::string& split);

  // Passes every document of the source, in the order of the stream: its boundary token and its own
  // tokens, with the length of its prompt.
  void for_each_of(std::int32_t source, const std::function<void(const Piece&)>& take) const;

 private:
  struct Shard {
    FileEntry entry;
    std::int64_t first_token, num_tokens;
    std::vector<bool> has_source;
  };

  std::filesystem::path folder_;
  std::vector<Shard> shards_;
};

}  // namespace switchyard
