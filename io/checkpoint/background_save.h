// BackgroundSave: runs saves, one at a time, behind the training or not. A save is a list of
// phases. In each phase every rank does its part alone; once all ranks have voted that they are
// done, all begin the next phase together. The votes ride on a reduction that the run does anyway.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "io/checkpoint/snapshot.h"
#include "io/checkpoint/staging.h"
#include "io/files/write_pace.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct SavePhase;
using SavePhases = std::deque<SavePhase>;

// A phase has `alone`, or `arrived`, or neither: then the next phase follows at once.
struct SavePhase {
  // Collective, on the thread that trains. It may put more phases before those that follow. Errors:
  // agreed.
  std::function<void(SavePhases& following)> together{};
  // After that this rank's work, on the save's own thread. It calls no MPI.
  std::function<void()> alone{};
  // Or messages under way: the thread that trains asks until they have arrived at this rank.
  std::function<bool()> arrived{};
};

// Where checkpoints go, and by which phases. One save at a time.
class SaveTarget {
 public:
  virtual ~SaveTarget() = default;

  // Collective. The phases of a save; the checkpoint is committed when the last of them is over on
  // all ranks. The snapshot's tensors stay as they are until then. Whoever writes keeps to the
  // pace.
  virtual SavePhases begin(const Snapshot& snapshot, WritePace& pace) = 0;
  // The checkpoint's folder on this rank, since begin().
  virtual const std::filesystem::path& folder() const = 0;
  // Collective. Removes what a save has written that failed on some rank.
  virtual void discard() = 0;
};

class BackgroundSave {
 public:
  enum class Mode : std::uint8_t { synchronous, asynchronous };

  // The caller keeps world and stream. write_rate: bytes per second that this rank writes behind
  // the training, as a mean over whole tensors; 0: no limit.
  BackgroundSave(Mode mode, Comm& world, Stream& stream, std::int64_t write_rate = 0);
  // Waits for this rank's thread; what was not committed by then never exists.
  ~BackgroundSave();
  BackgroundSave(const BackgroundSave&) = delete;
  BackgroundSave& operator=(const BackgroundSave&) = delete;

  // Touches the memory that saves of these tensors will be copied to, so that the first save does
  // not stall longer than the others.
  void prepare(const std::vector<NamedTensor>& mine);

  // Collective; no save may be in progress. Asynchronous saves, and all saves of a GPU's tensors,
  // take a copy of them; other saves need them unchanged until they end. The caller keeps the
  // target until then. Errors: those of target.begin() and of the first phase.
  void start(SaveTarget& target, Snapshot snapshot);

  bool in_progress() const { return target_ != nullptr; }
  // This rank's vote: true while it is not done with its part of the phase.
  bool working();

  // Collective; only when no rank is working(). Begins the next phase. Returns the checkpoint's
  // folder when the last phase was over: the checkpoint is committed. Errors: agreed; the
  // checkpoint then does not exist, and another save may start.
  std::optional<std::filesystem::path> advance();
  // Collective. Waits for the save in progress, if there is one. Errors: as advance().
  std::optional<std::filesystem::path> finish();
  // Somebody waits for the save in progress: from here on it ignores the write rate.
  void hurry() { pace_.hurry(); }

 private:
  bool copies_first() const;
  void discard_on_failure(const std::function<void()>& work);
  void begin_next_phase();

  Mode mode_;
  Comm& world_;
  Stream& stream_;
  Staging staging_;
  WritePace pace_;

  SaveTarget* target_ = nullptr;  // of the save in progress
  std::vector<Buffer> gathered_;  // of a synchronous save
  SavePhases following_;
  std::function<bool()> arrived_;  // of the phase in progress, as is what follows
  std::future<void> alone_;
};

}  // namespace switchyard
