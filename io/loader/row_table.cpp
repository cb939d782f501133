#include "io/loader/row_table.h"

#include <algorithm>
#include <functional>
#include <numeric>

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

// In the order in which extents_of lists them.
enum Dataset { first_pieces, row_tokens, all_pieces, row_targets, num_datasets };

// Rows that have a loss everywhere name two numbers of a piece, and as many targets as tokens.
constexpr std::int64_t columns_of(LossOn loss_on) { return loss_on == LossOn::all ? 2 : 3; }

// The datasets of the files that a split lists, file after file.
std::vector<FileExtent> extents_of(const fs::path& folder, const Manifest& manifest,
                                   const std::string& split, LossOn loss_on) {
  return read_facts(folder, [&] {
    std::vector<FileExtent> extents;
    for (const json& file : manifest.meta.at("splits").at(split).at("files")) {
      const auto entry =
          std::find_if(manifest.files.begin(), manifest.files.end(),
                       [&](const FileEntry& candidate) { return candidate.name == file; });
      require(entry != manifest.files.end(), Exit::data, "{} has no file {}", folder.string(),
              file.dump());
      const fs::path path = folder / entry->name;
      extents.push_back({path, find_extent(*entry, "row_first_piece", "i64")});
      extents.push_back({path, find_extent(*entry, "row_tokens", "i32")});
      extents.push_back({path, find_extent(*entry, "pieces", "i64", columns_of(loss_on))});
      const char* const targets = loss_on == LossOn::all ? "row_tokens" : "row_targets";
      extents.push_back({path, find_extent(*entry, targets, "i32")});
    }
    return extents;
  });
}

// Values [i, i + count) of a dataset; valid until the reader's next call.
template <class T>
std::span<const T> values(ChunkReader& reader, std::int64_t file, Dataset dataset, std::int64_t i,
                          std::int64_t count = 1) {
  constexpr auto width = static_cast<std::int64_t>(sizeof(T));
  const auto bytes = reader.view(file * num_datasets + dataset, i * width, count * width);
  return {reinterpret_cast<const T*>(bytes.data()), static_cast<std::size_t>(count)};
}

}  // namespace

Manifest open_rows(const fs::path& folder, const TokenStore& store, RowForm form) {
  Manifest manifest = open_folder(folder, rows_kind, rows_version);
  const bool fits = read_facts(folder, [&] {
    return manifest.meta.at("tokens_hash") == store.hash() &&
           manifest.meta.at("sequence_length") == form.length &&
           manifest.meta.value("loss_on", std::string(name_of(LossOn::all))) ==
               name_of(form.loss_on);
  });
  require(fits, Exit::data, "{} holds the rows of another dataset or sequence length",
          folder.string());
  return manifest;
}

RowTable::RowTable(const fs::path& folder, const TokenStore& store, const std::string& split,
                   RowForm form)
    : RowTable(folder, open_rows(folder, store, form), split, form, store.num_tokens(split)) {
  require(std::ssize(source_rows_) == std::ssize(store.sources()), Exit::data,
          "{} counts the rows of {} sources, and the dataset has {}", folder.string(),
          source_rows_.size(), store.sources().size());
}

RowTable::RowTable(const fs::path& folder, const Manifest& manifest, const std::string& split,
                   RowForm form, std::int64_t tokens_of_split)
    : form_(form),
      tokens_of_split_(tokens_of_split),
      extents_(extents_of(folder, manifest, split, form.loss_on)),
      reader_(extents_) {
  read_facts(folder, [&] {
    const json& summary = manifest.meta.at("splits").at(split);
    num_tokens_ = summary.at("tokens").get<std::int64_t>();
    num_targets_ = summary.value("targets", num_tokens_);
    min_rows_ = summary.at("least_rows").get<std::int64_t>();
    source_rows_ = summary.at("source_rows").get<std::vector<std::int64_t>>();
  });
  for (std::int64_t file = 0; file < std::ssize(extents_) / num_datasets; ++file) {
    const auto& [path, tokens] = extent(file, row_tokens);
    const std::int64_t rows = rows_of(tokens);
    require(rows_of(extent(file, first_pieces).extent) == rows + 1, Exit::data,
            "the datasets of {} do not agree on its {} rows", path.string(), rows);
    first_row_.push_back(first_row_.back() + rows);
  }
  const bool whole =
      std::all_of(source_rows_.begin(), source_rows_.end(), [](auto rows) { return rows >= 0; }) &&
      std::accumulate(source_rows_.begin(), source_rows_.end(), std::int64_t{0}) == num_rows() &&
      num_targets_ >= num_rows() && num_targets_ <= num_tokens_ &&
      (form_.loss_on == LossOn::all ? num_targets_ == tokens_of_split_
                                    : num_tokens_ <= tokens_of_split_);
  require(whole, Exit::data, "the counts in {} do not agree with its rows", folder.string());
}

RowTable::RowTable(const TokenStore& store, const std::string& split, RowForm form)
    : packed_(pack_in_memory(store, split, form)),
      form_(form),
      tokens_of_split_(store.num_tokens(split)),
      min_rows_(packed_->counts.min_rows),
      source_rows_(packed_->counts.source_rows),
      first_row_{0, std::ssize(packed_->first_piece) - 1},
      reader_(extents_) {
  for (const Piece& piece : packed_->pieces) {
    num_tokens_ += piece.length;
    num_targets_ += piece.length - piece.prompt;
  }
}

const FileExtent& RowTable::extent(std::int64_t file, int dataset) const {
  return extents_[static_cast<std::size_t>(file * num_datasets + dataset)];
}

RowTable::Place RowTable::place_of(std::int64_t row) const {
  require(row >= 0 && row < num_rows(), "row {} of {}", row, num_rows());
  const auto file = std::upper_bound(first_row_.begin(), first_row_.end(), row) - 1;
  return {file - first_row_.begin(), row - *file};
}

std::int64_t RowTable::tokens_of(std::int64_t row) {
  if (packed_) {
    const std::span<const Piece> all = pieces(row);
    return std::transform_reduce(all.begin(), all.end(), std::int64_t{0}, std::plus<>(),
                                 [](const Piece& piece) { return piece.length; });
  }
  const Place place = place_of(row);
  const auto tokens = values<std::int32_t>(reader_, place.file, row_tokens, place.row).front();
  require(tokens >= 1 && tokens <= form_.length, Exit::data,
          "{} says that row {} has {} tokens of {}", extent(place.file, row_tokens).file.c_str(),
          place.row, tokens, form_.length);
  return tokens;
}

std::int64_t RowTable::targets_of(std::int64_t row) {
  if (form_.loss_on == LossOn::all) return tokens_of(row);
  if (packed_) {
    std::int64_t targets = 0;
    for (const Piece& piece : pieces(row)) targets += piece.length - piece.prompt;
    return targets;
  }
  const Place place = place_of(row);
  const auto targets = values<std::int32_t>(reader_, place.file, row_targets, place.row).front();
  require(targets >= 1 && targets <= form_.length, Exit::data,
          "{} says that row {} has {} targets of {}", extent(place.file, row_targets).file.c_str(),
          place.row, targets, form_.length);
  return targets;
}

std::span<const Piece> RowTable::pieces(std::int64_t row) {
  const Place place = place_of(row);
  if (packed_) {
    const std::int64_t* range = packed_->first_piece.data() + row;
    return {packed_->pieces.data() + range[0], packed_->pieces.data() + range[1]};
  }
  const auto& [path, all] = extent(place.file, all_pieces);
  const auto range = values<std::int64_t>(reader_, place.file, first_pieces, place.row, 2);
  const std::int64_t first = range[0], end = range[1];
  require(first >= 0 && first < end && end - first <= form_.length && end <= rows_of(all),
          Exit::data, "{} says that row {} has pieces {} to {}", path.c_str(), place.row, first,
          end);
  read_pieces(place.file, first, end);
  std::int64_t space = form_.length;
  for (const Piece& piece : row_pieces_) {
    const bool inside = piece.length >= 1 && piece.length <= space && piece.start >= 0 &&
                        piece.start <= tokens_of_split_ - piece.length && piece.prompt >= 0 &&
                        piece.prompt < piece.length;
    require(inside, Exit::data, "{} says that row {} holds {} tokens from token {} on",
            path.c_str(), place.row, piece.length, piece.start);
    space -= piece.length;
  }
  return row_pieces_;
}

void RowTable::read_pieces(std::int64_t file, std::int64_t begin, std::int64_t end) {
  const std::int64_t columns = columns_of(form_.loss_on);
  const auto numbers =
      values<std::int64_t>(reader_, file, all_pieces, begin * columns, (end - begin) * columns);
  row_pieces_.clear();
  for (std::int64_t i = 0; i < std::ssize(numbers); i += columns) {
    const std::int64_t* piece = numbers.data() + i;
    row_pieces_.push_back({piece[0], piece[1], columns == 3 ? piece[2] : 0});
  }
}

}  // namespace switchyard
