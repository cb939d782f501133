// MappedFile: a file's bytes in the address space, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace switchyard {

// Reading takes no system call and no copy. But a disk error, or a file that is cut short while it
// is mapped, kills the process with SIGBUS instead of throwing an Error: map only files on storage
// that you trust.
class MappedFile {
 public:
  // Errors: Exit::data if it is missing or has fewer than `bytes` bytes; Exit::storage.
  MappedFile(const std::filesystem::path& path, std::int64_t bytes);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace switchyard
