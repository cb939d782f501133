// The rows into which the documents of a split pack, source by source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/loader/packing.h"
#include "io/tokens/token_store.h"

namespace switchyard {

struct PackedCounts {
  std::vector<std::int64_t> source_rows;  // of each source, in the order of their ids
  std::int64_t min_rows = 0;              // that any packing would take
};

// Emits the rows of a split, all of one source before those of the next. Errors: Exit::data naming
// a file of the dataset.
PackedCounts pack_split(const TokenStore& store, const std::string& split,
                        std::int64_t sequence_length, const Packer::Emit& emit);

// The same rows in memory: about 28 bytes for each.
struct RowsInMemory {
  PackedCounts counts;
  std::vector<std::int64_t> first_piece{0};  // of each row, and the end of the last
  std::vector<Piece> pieces;
};
RowsInMemory pack_in_memory(const TokenStore& store, const std::string& split,
                            std::int64_t sequence_length);

}  // namespace switchyard
