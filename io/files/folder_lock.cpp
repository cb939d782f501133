#include "io/files/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

#include "io/files/file.h"
#include "io/files/system_calls.h"
#include "runtime/error.h"

namespace switchyard {

namespace system_calls = durable::system_calls;

FolderLock::FolderLock(const std::filesystem::path& folder,
                       std::optional<std::chrono::milliseconds> patience)
    : descriptor_(system_calls::open(folder.c_str(), O_RDONLY | O_DIRECTORY)) {
  if (descriptor_ < 0) durable::fail_system("open folder", folder, errno);
  const auto begin = std::chrono::steady_clock::now();
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (patience && std::chrono::steady_clock::now() - begin >= *patience) {
      system_calls::close(descriptor_);
      fail(Exit::busy, "another process is working on '{}': wait for it, or stop it",
           folder.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

FolderLock::~FolderLock() { system_calls::close(descriptor_); }

}  // namespace switchyard
