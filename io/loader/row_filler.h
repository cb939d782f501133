// RowFiller: one row of a split as a model wants it: tokens, targets and positions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/loader/row_table.h"
#include "io/objective/objective.h"
#include "io/tokens/token_reader.h"

namespace switchyard {

// For one thread.
class RowFiller {
 public:
  // rows_folder: of prepare_rows; empty: the rows are packed in memory.
  RowFiller(const TokenStore& store, const std::filesystem::path& rows_folder,
            const std::string& split, RowForm form, Access access);

  // Each array takes sequence_length numbers.
  struct Row {
    std::int32_t *tokens, *targets, *positions;
  };
  // Positions restart with every piece of a document. The target of a document's last token is the
  // boundary that follows. Targets without a loss are -1. The end of the row that no piece fills is
  // a separate segment: boundary tokens with targets of -1.
  void fill(std::int64_t row, const Row& out) { fill(row, out, nullptr, 0); }
  // The same for a sample of training, as the objective rewrites it; nullptr: as it is.
  void fill(std::int64_t row, const Row& out, const Objective* objective, std::int64_t sample);
  void fill_blank(const Row& out) const;  // a row without pieces

  RowTable& rows() { return rows_; }
  const RowTable& rows() const { return rows_; }

  // The file that a call is reading at this moment, or nullptr. From any thread.
  const std::filesystem::path* reading() const;

 private:
  void fill_tail(std::int64_t begin, const Row& out) const;

  std::int64_t sequence_length_;
  std::int32_t boundary_;
  TokenReader tokens_;
  RowTable rows_;
  std::vector<std::int32_t> text_;  // a piece and the token that follows it
};

}  // namespace switchyard
