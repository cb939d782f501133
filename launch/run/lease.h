// Lease: a file by which the owner of a run shows other machines that it is alive. The owner
// touches it every ten seconds; if it has not been touched for a minute, the run has no owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace switchyard {

inline constexpr std::chrono::seconds lease_time{60};

class Lease {
 public:
  // Touches attempts/NNNN.lease in another thread until destruction, which removes the file.
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

// Reading the file system's clock writes a file next to the lease. A command that only looks at a
// run uses the clock of this machine, which may differ.
enum class ClockOf : std::uint8_t { file_system, this_machine };

// How long ago the attempt's lease was touched. std::nullopt if there is no lease or the clock
// cannot be read.
std::optional<std::chrono::seconds> lease_age(const std::filesystem::path& run_directory,
                                              int attempt, ClockOf clock = ClockOf::file_system);

}  // namespace switchyard
