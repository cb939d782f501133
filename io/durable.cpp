#include "io/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "runtime/error.h"

namespace switchyard::durable {
namespace {

// On the way out of an error: what failed already says enough.
void try_remove(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

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

void NewFile::append(std::string_view bytes) { file_.write_at(file_.size(), bytes); }

void NewFile::write_at(std::int64_t offset, std::string_view bytes) {
  file_.write_at(offset, bytes);
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
  if (::mkdir(path.c_str(), 0777) == 0) {
    sync_folder(parent);
  } else if (errno != EEXIST || !is_folder(path)) {  // another rank may have made it meanwhile
    fail_system("make folder", path, errno);
  }
}

void sync_folder(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail_system("open folder", path, errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0 && error != EINVAL) fail_system("fsync folder", path, error);
}

void replace_file(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    File file = File::open_for_writing(temporary, O_TRUNC);
    file.write(bytes);
    file.sync();
    file.close();
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
  if (::rename(from.c_str(), to.c_str()) != 0) fail_system("rename", from, errno);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail_system("remove", path, error.value());
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
