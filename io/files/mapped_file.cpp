#include "io/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard {

MappedFile::MappedFile(const std::filesystem::path& path, std::int64_t bytes) {
  const std::int64_t size = durable::File::open_for_reading(path).size();
  require(size >= bytes, Exit::data, "{} is truncated: it has {} bytes and should have {}",
          path.string(), size, bytes);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) durable::fail_system("open", path, errno);
  void* const data =
      ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ, MAP_SHARED, descriptor, 0);
  const int error = errno;
  ::close(descriptor);  // the mapping keeps the file
  if (data == MAP_FAILED) durable::fail_system("map", path, error);
  bytes_ = {static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace switchyard
