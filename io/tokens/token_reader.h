// TokenReader: reads the tokens of one split of a dataset, for one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/folder/chunk_reader.h"
#include "io/tokens/token_store.h"

namespace switchyard {

class TokenReader {
 public:
  // Opens no file yet. Errors: Exit::data if there is no such split.
  TokenReader(const TokenStore& store, const std::string& split, Access access = Access::pread);

  std::int64_t num_tokens() const { return first_.back(); }

  // Tokens [begin, begin + out.size()) of the split, each in [0, vocabulary). Every chunk is
  // checked when it is first touched. Allocates nothing once as many have been read before. Errors:
  // Exit::data naming file and chunk.
  void read(std::int64_t begin, std::span<std::int32_t> out);

  // The file that read() is reading at this moment, or nullptr. From any thread.
  const std::filesystem::path* reading() const { return chunks_.reading(); }

 private:
  TokenStore store_;
  std::int64_t width_;               // bytes of a token
  std::vector<std::int64_t> first_;  // token of each shard, and the end of the last
  ChunkReader chunks_;
};

}  // namespace switchyard
