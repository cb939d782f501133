// Lease: how the owner of a run shows starts on other machines that it lives. Its file is touched
// every ten seconds; one that was not touched for a minute belongs to nobody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace switchyard {

inline constexpr std::chrono::seconds lease_time{60};

class Lease {
 public:
  // Touches attempts/NNNN.lease from a thread of its own until it is destroyed; then it goes.
  Lease(const std::filesystem::path& run_directory, int attempt);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  void keep_touching();

  std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

// How long ago the attempt's lease was touched, by the file system's own clock. Nothing if there is
// no lease, or the clock cannot be read.
std::optional<std::chrono::seconds> lease_age(const std::filesystem::path& run_directory,
                                              int attempt);

}  // namespace switchyard
