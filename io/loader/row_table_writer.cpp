#include "io/loader/row_table_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/folder/committed_folder.h"
#include "io/folder/hdf5.h"
#include "io/loader/packed_rows.h"
#include "io/loader/row_table.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t pieces_per_file = std::size_t{1} << 22;

// The rows of one split, in files of bounded size.
class RowWriter {
 public:
  RowWriter(const fs::path& folder, std::string split, LossOn loss_on)
      : folder_(folder), split_(std::move(split)), loss_on_(loss_on) {}

  void add(std::span<const Piece> row) {
    if (num_pieces_ + row.size() > pieces_per_file) write_file();
    std::int64_t tokens = 0, targets = 0;
    for (const Piece& piece : row) {
      tokens += piece.length;
      targets += piece.length - piece.prompt;
      pieces_.insert(pieces_.end(), {piece.start, piece.length});
      if (loss_on_ == LossOn::response) pieces_.push_back(piece.prompt);
    }
    num_pieces_ += row.size();
    first_piece_.push_back(static_cast<std::int64_t>(num_pieces_));
    tokens_.push_back(static_cast<std::int32_t>(tokens));
    targets_.push_back(static_cast<std::int32_t>(targets));
    num_tokens_ += tokens;
    num_targets_ += targets;
    ++num_rows_;
  }

  std::int64_t num_rows() const { return num_rows_; }
  std::int64_t num_tokens() const { return num_tokens_; }
  std::int64_t num_targets() const { return num_targets_; }

  std::vector<FileEntry> finish() {
    write_file();
    return std::move(files_);
  }

 private:
  void write_file() {
    if (tokens_.empty()) return;
    const std::string name = fmt::format("{}-{:05}.h5", split_, files_.size());
    Hdf5Writer file(folder_ / name, row_chunk_bytes);
    file.write("row_first_piece", "i64", {std::ssize(first_piece_)}, first_piece_.data());
    file.write("row_tokens", "i32", {std::ssize(tokens_)}, tokens_.data());
    const auto count = static_cast<std::int64_t>(num_pieces_);
    file.write("pieces", "i64", {count, std::ssize(pieces_) / count}, pieces_.data());
    if (loss_on_ == LossOn::response)
      file.write("row_targets", "i32", {std::ssize(targets_)}, targets_.data());
    files_.push_back(file.finish());
    first_piece_.assign(1, 0);
    num_pieces_ = 0;
    tokens_.clear();
    targets_.clear();
    pieces_.clear();
  }

  const fs::path& folder_;
  std::string split_;
  LossOn loss_on_;
  std::vector<std::int64_t> first_piece_{0};
  std::vector<std::int32_t> tokens_, targets_;
  std::vector<std::int64_t> pieces_;  // the numbers of each
  std::size_t num_pieces_ = 0;        // of the file
  std::int64_t num_rows_ = 0, num_tokens_ = 0, num_targets_ = 0;
  std::vector<FileEntry> files_;
};

// Adds the split's files to `files`; returns what the manifest says about it.
json write_split(const fs::path& folder, const TokenStore& store, const std::string& split,
                 RowForm form, const std::function<bool()>& stop, std::vector<FileEntry>& files) {
  RowWriter writer(folder, split, form.loss_on);
  const auto add = [&](std::span<const Piece> row) {
    if (stop && stop()) {
      fail(Exit::requeue,
           "asked to stop while the rows of {} are packed: the next start packs them again",
           store.dataset().string());
    }
    writer.add(row);
  };
  const PackedCounts counts = pack_split(store, split, form, add);
  json names = json::array();
  for (FileEntry& file : writer.finish()) {
    names.push_back(file.name);
    files.push_back(std::move(file));
  }
  json summary = {{"rows", writer.num_rows()},
                  {"tokens", writer.num_tokens()},
                  {"least_rows", counts.min_rows},
                  {"source_rows", counts.source_rows},
                  {"files", std::move(names)}};
  if (form.loss_on == LossOn::response) summary["targets"] = writer.num_targets();
  return summary;
}

bool is_current(const fs::path& folder, const TokenStore& store, RowForm form) {
  if (!is_committed(folder)) return false;
  try {
    open_rows(folder, store, form);
    return true;
  } catch (const Error& error) {
    if (error.code() != Exit::data) throw;
    return false;  // damaged: it is made again
  }
}

bool may_write(const fs::path& folder) {
  if (::access(folder.c_str(), W_OK) == 0 || errno == ENOENT) return true;
  if (errno == EACCES || errno == EROFS || errno == EPERM) return false;
  durable::fail_system("examine", folder, errno);
}

fs::path find_or_write(const TokenStore& store, RowForm form, const fs::path& fallback,
                       const std::function<bool()>& stop) {
  const std::string name = rows_folder(store, form);
  const fs::path& dataset = store.dataset();
  if (is_current(dataset / name, store, form)) return dataset / name;
  const bool here = may_write(dataset) && may_write(dataset / name);
  const fs::path home = here ? dataset : fallback;
  durable::make_folders(home);
  // One process makes the table; another one waits, then finds it made. Where the file system has
  // no locks, two runs that start for the first time at once can disturb each other: the loser
  // fails.
  const FolderLock lock(home, /*patience=*/std::nullopt);
  const fs::path folder = home / name;
  if (is_current(folder, store, form)) return folder;
  remove_folder(folder);
  write_rows(folder, store, form, stop);
  return folder;
}

}  // namespace

std::string rows_folder(const TokenStore& store, RowForm form) {
  return fmt::format("rows-{}-{}{}", form.length, store.hash().substr(0, 8),
                     form.loss_on == LossOn::response ? "-response" : "");
}

void write_rows(const fs::path& folder, const TokenStore& store, RowForm form,
                const std::function<bool()>& stop) {
  durable::make_folders(folder);
  try {
    std::vector<FileEntry> files;
    json splits = json::object();
    for (const char* split : {"train", "validation"}) {
      if (store.has_split(split)) {
        splits[split] = write_split(folder, store, split, form, stop, files);
      }
    }
    json meta = {{"tokens_hash", store.hash()},
                 {"sequence_length", form.length},
                 {"splits", std::move(splits)}};
    if (form.loss_on == LossOn::response) meta["loss_on"] = name_of(form.loss_on);
    const auto alone = make_single_comm();
    commit_folder(folder, rows_kind, rows_version, files, meta, *alone);
  } catch (...) {
    std::error_code ignored;  // what failed already says enough
    if (!is_committed(folder)) fs::remove_all(folder, ignored);
    throw;
  }
}

fs::path prepare_rows(const TokenStore& store, RowForm form, const fs::path& fallback, Comm& world,
                      const std::function<bool()>& stop) {
  std::string folder;
  on_root(world, [&] { folder = find_or_write(store, form, fallback, stop).string(); });
  return broadcast_text(world, folder, 0);
}

}  // namespace switchyard
