// MappedFile: a file's bytes in the address space, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace switchyard {

// Reading is without a system call or a copy, but a disk error, or a file that is cut short while
// it is mapped, kills the process with SIGBUS instead of being an Error: only for storage that is
// trusted.
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
