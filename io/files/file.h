// File: an open file and the system calls made on it. Each call is checked, and its error names the
// path and the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace switchyard::durable {

// Throws for a failed system call: Exit::usage for a path that cannot work (missing, not a folder,
// no permission, read-only file system), otherwise Exit::storage (ENOSPC, EDQUOT, EIO and every
// other error of a disk).
[[noreturn]] void fail_system(std::string_view action, const std::filesystem::path& path,
                              int error);

class File {
 public:
  // Errors: Exit::data if there is no such regular file.
  static File open_for_reading(const std::filesystem::path& path);
  // For reading and writing; `flags` as in open(2): O_TRUNC, O_APPEND. Makes the file if it is
  // missing.
  static File open_for_writing(const std::filesystem::path& path, int flags);
  // Returns nothing if the path exists already.
  static std::optional<File> create(const std::filesystem::path& path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const;
  void write(std::string_view bytes);  // at the current position
  void write_at(std::int64_t offset, std::string_view bytes);
  std::int64_t read_at(std::int64_t offset,
                       std::span<std::byte> out) const;  // how many: fewer only at the file's end
  // Lets the disk begin to read these bytes, which are needed soon. Waits for nothing.
  void will_need(std::int64_t offset, std::int64_t bytes) const;
  void resize(std::int64_t bytes);
  // Lets the disk begin to write what it was given so far. Waits for nothing and promises nothing:
  // sync() reports what went wrong.
  void start_writing_back();
  void sync();
  void close();  // checked, unlike the destructor's: NFS reports late write errors here

 private:
  File(std::filesystem::path path, int descriptor);

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace switchyard::durable
