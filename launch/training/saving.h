// Saving: what a run does about its checkpoints: it begins them, commits them when all ranks have
// written theirs, deletes old ones, and lets the run go on when a disk refuses one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>

#include "io/checkpoint/background_save.h"
#include "io/checkpoint/retention.h"
#include "io/checkpoint/shared_target.h"
#include "io/local/local_target.h"
#include "launch/config/config.h"
#include "launch/training/run_account.h"
#include "launch/training/run_notes.h"
#include "runtime/error.h"
#include "train/step/run.h"

namespace switchyard {

class Saving final : public RunSaves {
 public:
  // Collective. The caller keeps account, notes, world and stream. account: of an attempt that goes
  // on from a verified checkpoint, or from none. snapshot: collective, the state of now.
  Saving(std::filesystem::path run_directory, const CheckpointConfig& config, RunAccount& account,
         RunNotes& notes, std::function<Snapshot()> snapshot, Comm& world, Stream& stream);

  // Collective. Touches the memory that saves will use.
  void prepare(const Snapshot& snapshot) { save_.prepare(snapshot.mine); }

  bool in_progress() const { return save_.in_progress(); }
  bool working() override { return save_.working(); }

  // Collective; only when no rank is working(). The log reports a save that failed; earlier
  // checkpoints are as they were.
  void advance() override;
  // Collective. Begins a checkpoint of the run directory. Waits for the save before, and says so in
  // the log; with checkpoint.async = false it waits for the new one, too. Errors: agreed,
  // Exit::busy if another attempt took the run over.
  void save(std::int64_t steps_done) override;
  // Collective. Begins a node-local checkpoint if one is due and no save is in progress.
  void save_between(std::int64_t steps_done) override;
  // Collective. Waits. Errors: agreed, those of the save that was begun last.
  void finish() override;
  // Collective. Waits; what failed is in the log.
  void settle();

 private:
  void start(SaveTarget& target, Snapshot snapshot);
  bool saves_locally() const { return local_ && target_ == &*local_; }
  void wait();  // Collective, like the others here
  void wait_for_earlier(std::int64_t steps_done);
  void advance_or_throw();
  void report(const Error& error);
  void require_not_overtaken();
  void warn_of_full_disk(const Snapshot& snapshot);
  void note_committed(const std::filesystem::path& folder);
  void retain(const std::filesystem::path& committed);
  void finish_retaining();

  std::filesystem::path run_directory_;
  RunAccount& account_;
  RunNotes& notes_;
  std::function<Snapshot()> snapshot_;
  Comm& world_;
  bool async_;
  SharedTarget shared_;
  std::int64_t local_every_;
  std::optional<LocalTarget> local_;
  BackgroundSave save_;  // to one of the two
  Retention retention_;
  std::future<void> retaining_;  // on rank 0: deleting may take as long as writing

  const SaveTarget* target_ = nullptr;  // of the save that was begun last, as is what follows
  std::int64_t step_ = 0;
  std::chrono::steady_clock::time_point began_;
  std::optional<Error> failure_;  // of the shared save that was begun last
  bool warned_of_disk_ = false;   // and the disk has lacked space ever since
};

}  // namespace switchyard
