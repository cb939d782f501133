// The one door to the file system for everything that must survive a crash. Every call is checked;
// ENOSPC, EDQUOT and EIO become Exit::storage with the path and what the system said. An fsync that
// failed is never retried.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "io/files/file.h"

namespace switchyard::durable {

namespace fs = std::filesystem;

// A file that is written once: created exclusively, fsynced and closed by commit(), removed if
// destroyed before that. The disk writes while the caller does, so that little is left to fsync.
class NewFile {
 public:
  explicit NewFile(const fs::path& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void append(std::string_view bytes);
  void write_at(std::int64_t offset, std::string_view bytes);
  void read_at(std::int64_t offset, std::span<std::byte> out) const;  // bytes past the end are 0
  void resize(std::int64_t bytes);
  std::int64_t size() const { return file_.size(); }
  const fs::path& path() const { return file_.path(); }
  void sync() { file_.sync(); }
  void commit();

 private:
  File file_;
  std::int64_t in_memory_ = 0;  // bytes since the last start_writing_back()
  bool committed_ = false;
};

void make_folders(const fs::path& path);  // and fsyncs the parent of every folder it made
void sync_folder(const fs::path& path);   // EINVAL is ignored: some file systems cannot
// The path appears with all of `bytes` or not at all: path.tmp, fsync, rename, fsync of the folder.
void replace_file(const fs::path& path, std::string_view bytes);
// Creates path with `bytes`; false if it exists already (O_EXCL).
bool create_file(const fs::path& path, std::string_view bytes);
// Appends one whole line, without fsync. Before that it cuts off a torn tail: any bytes after the
// last newline.
void append_line(const fs::path& path, std::string_view line);
void rename_file(const fs::path& from, const fs::path& to);  // replaces `to`; syncs nothing
void remove_tree(const fs::path& path);                      // a missing path is no error
void try_remove_tree(const fs::path& path) noexcept;         // on the way out of an error
// Returns when the path exists or `patience` is over: a network file system may show a new file to
// other machines seconds later.
void wait_for_file(const fs::path& path, std::chrono::seconds patience);
// Errors: Exit::data if it is missing or larger than the limit.
std::string read_file(const fs::path& path, std::int64_t limit_bytes);

}  // namespace switchyard::durable
