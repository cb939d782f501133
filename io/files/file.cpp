#include "io/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "io/files/system_calls.h"
#include "runtime/error.h"
#include "runtime/foreign_error.h"

namespace switchyard::durable {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_transfer = std::size_t{1}
                                         << 30;  // Linux moves at most 2 GiB - 4 KiB in one call

// Repeats `call` while a signal interrupts it. Never used for fsync or close.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool is_path_problem(int error) { return exit_of_system(error) == Exit::usage; }

const char* advice(int error) {
  if (error == ENOSPC || error == EDQUOT) return "; free some space there, then start again";
  if (error == EFBIG) return "; raise the file size limit (ulimit -f), then start again";
  return "";
}

int open_descriptor(const fs::path& path, int flags) {
  return retry([&] { return system_calls::open(path.c_str(), flags); });
}

}  // namespace

void fail_system(std::string_view action, const fs::path& path, int error) {
  fail(exit_of_system(error), "cannot {} {}: {}{}", action, path.string(),
       std::generic_category().message(error), advice(error));
}

File::File(fs::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File::~File() {
  if (descriptor_ >= 0) system_calls::close(descriptor_);
}

File File::open_for_reading(const fs::path& path) {
  File file(path, open_descriptor(path, O_RDONLY | O_NONBLOCK));  // a FIFO must not block
  if (file.descriptor_ < 0 && is_path_problem(errno)) {
    fail(Exit::data, "cannot open {}: {}", path.string(), std::generic_category().message(errno));
  }
  if (file.descriptor_ < 0) fail_system("open", path, errno);
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0) fail_system("examine", path, errno);
  require(S_ISREG(status.st_mode), Exit::data, "{} is not a regular file", path.string());
  return file;
}

File File::open_for_writing(const fs::path& path, int flags) {
  File file(path, open_descriptor(path, O_RDWR | O_CREAT | flags));
  if (file.descriptor_ < 0) fail_system("open", path, errno);
  return file;
}

std::optional<File> File::create(const fs::path& path) {
  File file(path, open_descriptor(path, O_RDWR | O_CREAT | O_EXCL));
  if (file.descriptor_ >= 0) return file;
  if (errno != EEXIST) fail_system("create", path, errno);
  return std::nullopt;
}

std::int64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail_system("examine", path_, errno);
  return status.st_size;
}

void File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), largest_transfer);
    const ssize_t done =
        retry([&] { return system_calls::write(descriptor_, bytes.data(), count); });
    if (done < 0) fail_system("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

void File::write_at(std::int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), largest_transfer);
    const ssize_t done =
        retry([&] { return system_calls::pwrite(descriptor_, bytes.data(), count, offset); });
    if (done < 0) fail_system("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += done;
  }
}

std::int64_t File::read_at(std::int64_t offset, std::span<std::byte> out) const {
  std::size_t total = 0;
  while (total < out.size()) {
    const std::size_t count = std::min(out.size() - total, largest_transfer);
    const auto position = offset + static_cast<std::int64_t>(total);
    const ssize_t done =
        retry([&] { return ::pread(descriptor_, out.data() + total, count, position); });
    if (done < 0) fail_system("read", path_, errno);
    if (done == 0) break;
    total += static_cast<std::size_t>(done);
  }
  return static_cast<std::int64_t>(total);
}

void File::will_need(std::int64_t offset, std::int64_t bytes) const {
  ::posix_fadvise(descriptor_, offset, bytes, POSIX_FADV_WILLNEED);
}

void File::resize(std::int64_t bytes) {
  if (retry([&] { return system_calls::ftruncate(descriptor_, bytes); }) != 0) {
    fail_system("resize", path_, errno);
  }
}

void File::start_writing_back() {
  ::sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);  // to its end
}

void File::sync() {
  if (system_calls::fsync(descriptor_) != 0) fail_system("fsync", path_, errno);
}

void File::close() {
  if (system_calls::close(std::exchange(descriptor_, -1)) != 0) fail_system("close", path_, errno);
}

}  // namespace switchyard::durable
