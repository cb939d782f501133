// Saving: what a run does about its checkpoints: begins them, commits them when all ranks have
// written theirs, deletes old ones, and goes on training when a disk refuses one.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint_saver.h"
#include "io/checkpoint/retention.h"
#include "io/local/local_saver.h"
#include "launch/config/config.h"
#include "runtime/error.h"

namespace switchyard {

// A save that was committed.
struct Saved {
  std::filesystem::path folder;
  std::int64_t step = 0;  // steps done
  double seconds = 0.0;   // since it began
};

class Saving {
 public:
  struct Run {
    std::filesystem::path directory;
    int attempt = 0;
    std::filesystem::path resumed_from;  // verified; empty: none
  };
  // Collective. The caller keeps world, stream and log. saved: called on every rank after each
  // commit.
  Saving(Run run, const CheckpointConfig& config, Comm& world, Stream& stream, spdlog::logger& log,
         std::function<void(const Saved&)> saved);
  ~Saving();
  Saving(const Saving&) = delete;
  Saving& operator=(const Saving&) = delete;

  void prepare(const std::vector<NamedTensor>& mine) { saver_.prepare(mine); }

  // Collective. Begins a save; waits for the one before, and says so. With checkpoint.async =
  // false it waits for this one too. Errors: agreed, Exit::busy if another attempt took the run
  // over.
  void begin(std::int64_t step, const std::vector<NamedTensor>& mine, nlohmann::json meta);

  // A node-local checkpoint is due after so many steps.
  bool local_due(std::int64_t step) const;
  // Collective. Begins one likewise, unless another save is still in progress.
  void begin_local(std::int64_t step, const std::vector<NamedTensor>& mine, nlohmann::json meta);

  bool in_progress() const { return saver_.in_progress() || local_in_progress(); }
  // This rank's vote.
  bool working() const { return local_in_progress() ? local_->working() : saver_.working(); }

  // Collective; only when no rank is working(). A save that failed is reported in the log, and
  // earlier checkpoints are as they were.
  void advance();
  // Collective. Waits; what failed was reported in the log.
  void settle();
  // Collective. Waits. Errors: agreed, those of the save that was begun last.
  void finish();

 private:
  bool local_in_progress() const { return local_ && local_->in_progress(); }
  void wait();  // Collective, like the others here
  void advance_local();
  void advance_or_throw();
  void require_not_overtaken();
  void warn_of_full_disk(std::int64_t step, const std::vector<NamedTensor>& mine);
  void retain(const std::filesystem::path& committed);
  void finish_retaining();

  Run run_;
  Comm& world_;
  spdlog::logger& log_;
  std::function<void(const Saved&)> saved_;
  bool async_;
  CheckpointSaver saver_;
  std::int64_t local_every_;
  std::optional<LocalSaver> local_;  // never in progress beside saver_
  Retention retention_;
  std::future<void> retaining_;  // on rank 0: deleting may take as long as writing
  std::int64_t local_step_ = 0;  // of the node-local save that was begun last
  std::int64_t step_ = 0;        // of the shared one, as what follows
  std::chrono::steady_clock::time_point began_;
  std::optional<Error> failure_;
  bool warned_of_disk_ = false;  // and there was no room for it since
};

}  // namespace switchyard
