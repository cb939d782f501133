// The rows into which the documents of a split pack, source by source.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/loader/packing.h"
#include "io/tokens/token_store.h"
#include "runtime/names.h"

namespace switchyard {

// Which tokens of a document have a loss: all, or those that answer a prompt. A document without a
// prompt is an answer.
enum class LossOn : std::uint8_t { all, response };
template <>
inline constexpr std::array<std::string_view, 2> names_of<LossOn> = {"all", "response"};

// What rows are of.
struct RowForm {
  std::int64_t length;  // in tokens
  LossOn loss_on;

  RowForm(std::int64_t sequence_length, LossOn has_loss = LossOn::all)
      : length(sequence_length), loss_on(has_loss) {}
};

struct PackedCounts {
  std::vector<std::int64_t> source_rows;  // of each source, in the order of their ids
  std::int64_t min_rows = 0;              // that any packing would take
};

// Emits the rows of a split, all of one source before those of the next. Errors: Exit::data naming
// a file of the dataset.
PackedCounts pack_split(const TokenStore& store, const std::string& split, RowForm form,
                        const Packer::Emit& emit);

// The same rows in memory: about 36 bytes for each.
struct RowsInMemory {
  PackedCounts counts;
  std::vector<std::int64_t> first_piece{0};  // of each row, and the end of the last
  std::vector<Piece> pieces;
};
RowsInMemory pack_in_memory(const TokenStore& store, const std::string& split, RowForm form);

}  // namespace switchyard
