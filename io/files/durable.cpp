#include "io/files/durable.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "io/files/system_calls.h"
#include "runtime/error.h"

namespace switchyard::durable {
namespace {

constexpr std::int64_t bytes_written_behind = std::int64_t{8} << 20;  // at once

// For the way out of an error, which already says what failed.
void try_remove(const fs::path& path) { system_calls::remove(path.c_str()); }

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

File create_new(const fs::path& path) {
  auto file = File::create(path);
  if (!file) fail_system("create", path, EEXIST);
  return std::move(*file);
}

// Where the last whole line of the file ends.
std::int64_t end_of_lines(const File& file) {
  std::array<std::byte, 4096> block;
  std::int64_t end = file.size();
  while (end > 0) {
    const std::int64_t begin = std::max<std::int64_t>(0, end - std::ssize(block));
    const std::int64_t count = file.read_at(begin, std::span(block).first(end - begin));
    for (std::int64_t i = count; i > 0; --i) {
      if (block[i - 1] == std::byte{'\n'}) return begin + i;
    }
    end = begin;
  }
  return 0;
}

}  // namespace

NewFile::NewFile(const fs::path& path) : file_(create_new(path)) {}

NewFile::~NewFile() {
  if (!committed_) try_remove(file_.path());
}

void NewFile::append(std::string_view bytes) { write_at(file_.size(), bytes); }

void NewFile::write_at(std::int64_t offset, std::string_view bytes) {
  file_.write_at(offset, bytes);
  in_memory_ += std::ssize(bytes);
  if (in_memory_ < bytes_written_behind) return;
  file_.start_writing_back();
  in_memory_ = 0;
}

void NewFile::read_at(std::int64_t offset, std::span<std::byte> out) const {
  const auto found = file_.read_at(offset, out);
  std::fill(out.begin() + found, out.end(), std::byte{0});
}

void NewFile::resize(std::int64_t bytes) { file_.resize(bytes); }

void NewFile::commit() {
  file_.sync();
  file_.close();
  committed_ = true;
}

void make_folders(const fs::path& path) {
  if (path.empty() || is_folder(path)) return;
  const fs::path parent = folder_of(path);
  make_folders(parent);
  if (system_calls::mkdir(path.c_str()) == 0) {
    sync_folder(parent);
  } else if (errno != EEXIST || !is_folder(path)) {  // another rank may have made it meanwhile
    fail_system("make folder", path, errno);
  }
}

void sync_folder(const fs::path& path) {
  const int descriptor = system_calls::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) fail_system("open folder", path, errno);
  const int error = system_calls::fsync(descriptor) == 0 ? 0 : errno;
  system_calls::close(descriptor);
  if (error != 0 && error != EINVAL) fail_system("fsync folder", path, error);
}

void replace_file(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    File file = File::open_for_writing(temporary, O_TRUNC);
    file.write(bytes);
    file.sync();
    file.close();
    require(read_file(temporary, std::ssize(bytes) + 1) == bytes, Exit::storage,
            "{} does not hold what was just written to it: its disk fails", temporary.string());
    rename_file(temporary, path);
  } catch (...) {
    try_remove(temporary);
    throw;
  }
  sync_folder(folder_of(path));
}

bool create_file(const fs::path& path, std::string_view bytes) {
  auto file = File::create(path);
  if (!file) return false;
  try {
    file->write(bytes);
    file->sync();
    file->close();
    sync_folder(folder_of(path));
  } catch (...) {
    try_remove(path);
    throw;
  }
  return true;
}

void append_line(const fs::path& path, std::string_view line) {
  require(line.find('\n') == std::string_view::npos, "a line for {} holds a line break",
          path.string());
  File file = File::open_for_writing(path, O_APPEND);
  const std::int64_t end = end_of_lines(file);
  if (end != file.size()) file.resize(end);
  file.write(std::string(line) + '\n');
  file.close();
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (system_calls::rename(from.c_str(), to.c_str()) == 0) return;
  const int error = errno;
  // NFS may answer a repeated request with "no such file" when the first one was done.
  std::error_code ignored;
  const bool done = error == ENOENT && !fs::exists(from, ignored) && fs::exists(to, ignored);
  if (!done) fail_system("rename", from, error);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> inside;
  if (fs::is_directory(fs::symlink_status(path, error))) {
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      inside.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      fail_system("list", path, error.value());
    }
  }
  for (const fs::path& entry : inside) remove_tree(entry);
  if (system_calls::remove(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    fail_system("remove", path, errno);
  }
}

void try_remove_tree(const fs::path& path) noexcept {
  try {
    remove_tree(path);
  } catch (const std::exception&) {  // the first error already says what failed
  }
}

void wait_for_file(const fs::path& path, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::error_code ignored;
  while (!fs::exists(path, ignored) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

std::string read_file(const fs::path& path, std::int64_t limit_bytes) {
  const File file = File::open_for_reading(path);
  const std::int64_t size = file.size();
  require(size <= limit_bytes, Exit::data, "{} has {} bytes, more than the {} that are read",
          path.string(), size, limit_bytes);
  std::string text(static_cast<std::size_t>(size), '\0');
  const auto found = file.read_at(0, std::as_writable_bytes(std::span(text)));
  text.resize(static_cast<std::size_t>(found));
  return text;
}

}  // namespace switchyard::durable
