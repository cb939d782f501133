#include "io/checkpoint/background_save.h"

#include <chrono>
#include <thread>
#include <utility>

#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {

namespace fs = std::filesystem;

BackgroundSave::BackgroundSave(Mode mode, Comm& world, Stream& stream, std::int64_t write_rate)
    : mode_(mode),
      world_(world),
      stream_(stream),
      pace_(mode == Mode::asynchronous ? write_rate : 0) {}

BackgroundSave::~BackgroundSave() = default;  // a future of std::async waits for its thread

// Files are written from memory of the host, behind the training or not.
bool BackgroundSave::copies_first() const {
  return mode_ == Mode::asynchronous || stream_.device().kind != Device::Kind::cpu;
}

void BackgroundSave::prepare(const std::vector<NamedTensor>& mine) {
  if (copies_first()) staging_.copy(mine, stream_);
}

void BackgroundSave::start(SaveTarget& target, Snapshot snapshot) {
  require(!in_progress(), "a save of step {} begins while another is in progress", snapshot.step);
  stream_.synchronize();
  if (copies_first()) {
    snapshot.mine = staging_.copy(snapshot.mine, stream_);
  } else {
    gathered_ = std::move(snapshot.gathered);
  }
  pace_.begin();
  following_ = target.begin(snapshot, pace_);
  target_ = &target;
  discard_on_failure([this] { begin_next_phase(); });
}

bool BackgroundSave::working() {
  if (!in_progress()) return false;
  if (arrived_) return !arrived_();
  return alone_.wait_for(std::chrono::seconds{0}) == std::future_status::timeout;
}

std::optional<fs::path> BackgroundSave::advance() {
  if (!in_progress()) return std::nullopt;
  const SaveTarget& target = *target_;
  discard_on_failure([this] {
    while (arrived_ && !arrived_()) std::this_thread::yield();
    if (!arrived_) agree(world_, [this] { alone_.get(); });
    begin_next_phase();
  });
  return in_progress() ? std::nullopt : std::optional(target.folder());
}

// Runs the work. If it fails, the save is over, and what it wrote goes.
void BackgroundSave::discard_on_failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    SaveTarget& target = *std::exchange(target_, nullptr);
    gathered_.clear();
    if (error.agreed()) target.discard();
    throw;
  }
}

void BackgroundSave::begin_next_phase() {
  const bool behind = mode_ == Mode::asynchronous;
  while (!following_.empty()) {
    SavePhase phase = std::move(following_.front());
    following_.pop_front();
    if (phase.together) phase.together(following_);
    arrived_ = std::move(phase.arrived);
    if (arrived_) return;
    if (phase.alone) {
      alone_ =
          std::async(behind ? std::launch::async : std::launch::deferred, std::move(phase.alone));
      return;
    }
  }
  target_ = nullptr;
  gathered_.clear();
}

std::optional<fs::path> BackgroundSave::finish() {
  std::optional<fs::path> folder;
  hurry();
  while (in_progress()) folder = advance();
  return folder;
}

}  // namespace switchyard
