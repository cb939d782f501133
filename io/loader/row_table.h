// RowTable: which pieces of documents make up each row of a split, read from the committed folder
// that prepare_rows made (docs/file-formats.md), or packed in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/folder/chunk_reader.h"
#include "io/folder/manifest.h"
#include "io/loader/packed_rows.h"
#include "io/tokens/token_store.h"

namespace switchyard {

inline constexpr const char* rows_kind = "rows";
inline constexpr int rows_version = 1;
inline constexpr std::int64_t row_chunk_bytes = std::int64_t{1} << 20;

// The manifest of a table of these tokens. Errors: Exit::data if the folder holds none, or one of
// other tokens or another form.
Manifest open_rows(const std::filesystem::path& folder, const TokenStore& store, RowForm form);

// For one thread. Opens no file before it is asked for a row; opening costs the manifest alone.
// Rows of one source are contiguous, sources in the order of their ids. Errors of everything here:
// Exit::data naming the file, and the chunk if one does not match its hash.
class RowTable {
 public:
  RowTable(const std::filesystem::path& folder, const TokenStore& store, const std::string& split,
           RowForm form);
  // Packs the rows now, in memory: for a reader that writes nothing.
  RowTable(const TokenStore& store, const std::string& split, RowForm form);

  std::int64_t num_rows() const { return first_row_.back(); }
  std::int64_t num_tokens() const { return num_tokens_; }    // of all rows
  std::int64_t num_targets() const { return num_targets_; }  // of these, with a loss
  std::int64_t min_rows() const { return min_rows_; }        // that any packing would take
  const std::vector<std::int64_t>& source_rows() const { return source_rows_; }  // by source

  std::int64_t tokens_of(std::int64_t row);   // 1 to the sequence length
  std::int64_t targets_of(std::int64_t row);  // of these, with a loss; at least 1
  // The row's pieces in the order of the documents. They lie within the split and add up to
  // tokens_of(row). Valid until the next call.
  std::span<const Piece> pieces(std::int64_t row);

  // The file that a call is reading at this moment, or nullptr. From any thread.
  const std::filesystem::path* reading() const { return reader_.reading(); }

 private:
  struct Place {
    std::int64_t file, row;  // within the file
  };
  RowTable(const std::filesystem::path& folder, const Manifest& manifest, const std::string& split,
           RowForm form, std::int64_t tokens_of_split);
  Place place_of(std::int64_t row) const;
  void read_pieces(std::int64_t file, std::int64_t begin, std::int64_t end);  // into row_pieces_
  const FileExtent& extent(std::int64_t file, int dataset) const;

  std::optional<RowsInMemory> packed_;
  RowForm form_;
  std::int64_t tokens_of_split_;
  std::int64_t num_tokens_ = 0, num_targets_ = 0, min_rows_ = 0;
  std::vector<Piece> row_pieces_;  // that were asked for last
  std::vector<std::int64_t> source_rows_;
  std::vector<std::int64_t> first_row_{0};  // of each file, and the end of the last
  std::vector<FileExtent> extents_;         // of each file the datasets that a row needs
  ChunkReader reader_;
};

}  // namespace switchyard
