#include "launch/run/lease.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds touch_interval{10};

fs::path lease_file(const fs::path& run_directory, int attempt) {
  return run_directory / "attempts" / fmt::format("{:04}.lease", attempt);
}

// Writes to the file, so that its time comes from the clock of the machine that stores it.
void touch(const fs::path& file) { std::ofstream(file) << "alive\n"; }

// What the clock of the folder's file system says.
fs::file_time_type now_at(const fs::path& folder, std::error_code& error) {
  const fs::path clock = folder / fmt::format("clock-{}.tmp", getpid());
  touch(clock);
  const auto now = fs::last_write_time(clock, error);
  std::error_code ignored;
  fs::remove(clock, ignored);
  return now;
}

}  // namespace

Lease::Lease(const fs::path& run_directory, int attempt)
    : file_(lease_file(run_directory, attempt)), thread_([this] { keep_touching(); }) {}

Lease::~Lease() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  thread_.join();
  std::error_code ignored;  // a lease that is left behind expires
  fs::remove(file_, ignored);
}

void Lease::keep_touching() {
  std::unique_lock lock(mutex_);
  do {
    touch(file_);  // if the disk is full or gone, the lease expires, but the run continues
  } while (!wake_.wait_for(lock, touch_interval, [this] { return ended_; }));
}

std::optional<std::chrono::seconds> lease_age(const fs::path& run_directory, int attempt,
                                              ClockOf clock) {
  std::error_code error;
  const auto touched = fs::last_write_time(lease_file(run_directory, attempt), error);
  if (error) return std::nullopt;
  const auto now = clock == ClockOf::this_machine ? fs::file_time_type::clock::now()
                                                  : now_at(run_directory / "attempts", error);
  if (error) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(now - touched);
}

}  // namespace switchyard
