#include "io/loader/row_table.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "io/folder/checked_extent.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Runs `read`, which takes facts out of a manifest, and says whose it was if they are not there.
template <class Read>
auto read_facts(const fs::path& folder, Read read) {
  try {
    return read();
  } catch (const json::exception& error) {
    fail(Exit::data, "{} is not a row table: {}; remove it and start again", folder.string(),
         error.what());
  }
}

// The dataset `name` of the files that a split lists.
std::vector<ChunkedExtent> extents_of(const fs::path& folder, const Manifest& manifest,
                                      const std::string& split, const char* name, const char* dtype,
                                      std::int64_t columns = 1) {
  return read_facts(folder, [&] {
    std::vector<ChunkedExtent> extents;
    for (const json& file : manifest.meta.at("splits").at(split).at("files")) {
      const auto entry =
          std::find_if(manifest.files.begin(), manifest.files.end(),
                       [&](const FileEntry& candidate) { return candidate.name == file; });
      require(entry != manifest.files.end(), Exit::data, "{} has no file {}", folder.string(),
              file.dump());
      extents.emplace_back(folder, *entry, find_extent(*entry, name, dtype, columns));
    }
    return extents;
  });
}

template <class T>
T value_at(ChunkReader& reader, std::int64_t file, std::int64_t i) {
  constexpr auto width = static_cast<std::int64_t>(sizeof(T));
  T value;
  std::memcpy(&value, reader.view(file, i * width, width).data(), sizeof value);
  return value;
}

}  // namespace

Manifest open_rows(const fs::path& folder, const TokenStore& store, std::int64_t sequence_length) {
  Manifest manifest = open_folder(folder, rows_kind, rows_version);
  const bool fits = read_facts(folder, [&] {
    return manifest.meta.at("tokens_hash") == store.hash() &&
           manifest.meta.at("sequence_length") == sequence_length;
  });
  require(fits, Exit::data, "{} holds the rows of another dataset or sequence length",
          folder.string());
  return manifest;
}

RowTable::RowTable(const fs::path& folder, const TokenStore& store, const std::string& split,
                   std::int64_t sequence_length)
    : RowTable(folder, open_rows(folder, store, sequence_length), split, sequence_length,
               store.num_tokens(split)) {
  require(std::ssize(source_rows_) == std::ssize(store.sources()), Exit::data,
          "{} counts the rows of {} sources, and the dataset has {}", folder.string(),
          source_rows_.size(), store.sources().size());
}

RowTable::RowTable(const fs::path& folder, const Manifest& manifest, const std::string& split,
                   std::int64_t sequence_length, std::int64_t tokens_of_split)
    : sequence_length_(sequence_length),
      tokens_of_split_(tokens_of_split),
      first_piece_extents_(extents_of(folder, manifest, split, "row_first_piece", "i64")),
      tokens_extents_(extents_of(folder, manifest, split, "row_tokens", "i32")),
      piece_extents_(extents_of(folder, manifest, split, "pieces", "i64", 2)),
      first_piece_(first_piece_extents_, Access::pread),
      tokens_(tokens_extents_, Access::pread),
      pieces_(piece_extents_, Access::pread) {
  read_facts(folder, [&] {
    const json& summary = manifest.meta.at("splits").at(split);
    num_tokens_ = summary.at("tokens").get<std::int64_t>();
    min_rows_ = summary.at("least_rows").get<std::int64_t>();
    source_rows_ = summary.at("source_rows").get<std::vector<std::int64_t>>();
  });
  for (std::size_t file = 0; file < tokens_extents_.size(); ++file) {
    constexpr auto tokens_width = static_cast<std::int64_t>(sizeof(std::int32_t));
    constexpr auto index_width = static_cast<std::int64_t>(sizeof(std::int64_t));
    const std::int64_t rows = tokens_extents_[file].bytes / tokens_width;
    require(first_piece_extents_[file].bytes == (rows + 1) * index_width, Exit::data,
            "the datasets of {} do not agree on its {} rows", tokens_extents_[file].file.string(),
            rows);
    first_row_.push_back(first_row_.back() + rows);
  }
  const bool whole =
      std::all_of(source_rows_.begin(), source_rows_.end(), [](auto rows) { return rows >= 0; }) &&
      std::accumulate(source_rows_.begin(), source_rows_.end(), std::int64_t{0}) == num_rows() &&
      num_tokens_ == tokens_of_split_;
  require(whole, Exit::data, "the counts in {} do not agree with its rows", folder.string());
}

RowTable::Place RowTable::place_of(std::int64_t row) const {
  require(row >= 0 && row < num_rows(), "row {} of {}", row, num_rows());
  const auto file = std::upper_bound(first_row_.begin(), first_row_.end(), row) - 1;
  return {file - first_row_.begin(), row - *file};
}

std::int64_t RowTable::tokens_of(std::int64_t row) {
  const Place place = place_of(row);
  const auto tokens = value_at<std::int32_t>(tokens_, place.file, place.row);
  require(tokens >= 1 && tokens <= sequence_length_, Exit::data,
          "{} says that row {} has {} tokens of {}",
          tokens_extents_[static_cast<std::size_t>(place.file)].file.c_str(), place.row, tokens,
          sequence_length_);
  return tokens;
}

std::span<const Piece> RowTable::pieces(std::int64_t row) {
  const Place place = place_of(row);
  const ChunkedExtent& extent = piece_extents_[static_cast<std::size_t>(place.file)];
  constexpr auto width = static_cast<std::int64_t>(sizeof(Piece));
  constexpr auto index_width = static_cast<std::int64_t>(sizeof(std::int64_t));
  std::int64_t range[2];
  std::memcpy(range, first_piece_.view(place.file, place.row * index_width, 2 * index_width).data(),
              sizeof range);
  const auto [first, end] = range;
  require(
      first >= 0 && first < end && end - first <= sequence_length_ && end <= extent.bytes / width,
      Exit::data, "{} says that row {} has pieces {} to {}", extent.file.c_str(), place.row, first,
      end);
  const auto bytes = pieces_.view(place.file, first * width, (end - first) * width);
  const std::span row_pieces(reinterpret_cast<const Piece*>(bytes.data()),
                             static_cast<std::size_t>(end - first));
  std::int64_t room = sequence_length_;
  for (const Piece& piece : row_pieces) {
    const bool inside = piece.length >= 1 && piece.length <= room && piece.start >= 0 &&
                        piece.start <= tokens_of_split_ - piece.length;
    require(inside, Exit::data, "{} says that row {} holds {} tokens from token {} on",
            extent.file.c_str(), place.row, piece.length, piece.start);
    room -= piece.length;
  }
  return row_pieces;
}

const fs::path* RowTable::reading() const {
  for (const ChunkReader* reader : {&first_piece_, &tokens_, &pieces_}) {
    if (const fs::path* file = reader->reading()) return file;
  }
  return nullptr;
}

}  // namespace switchyard
