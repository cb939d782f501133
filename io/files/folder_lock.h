// FolderLock: one process at a time works on a folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

namespace switchyard {

// Held until it is destroyed or the process ends, however that happens (flock(2) on the folder).
// Where the file system cannot lock a folder, it locks nothing and its owner goes on.
class FolderLock {
 public:
  // Waits for another holder, because a job that was killed may take a second to die. Without
  // `patience` the wait has no limit. Errors: Exit::busy naming the folder if the holder still has
  // it when patience ends.
  explicit FolderLock(const std::filesystem::path& folder,
                      std::optional<std::chrono::milliseconds> patience = std::chrono::seconds(15));
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace switchyard
