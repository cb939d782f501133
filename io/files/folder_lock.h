// FolderLock: one process at a time works on a folder.
#pragma once

#include <chrono>
#include <filesystem>

namespace switchyard {

// Held until destroyed or until the process ends, however it ends (flock(2) on the folder). Where
// the file system cannot lock a folder, nothing is locked.
class FolderLock {
 public:
  // Waits for another holder: a job that was killed may take a second to die. Errors: Exit::busy
  // naming the folder if the holder is still there then.
  explicit FolderLock(const std::filesystem::path& folder,
                      std::chrono::milliseconds patience = std::chrono::seconds(15));
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace switchyard
