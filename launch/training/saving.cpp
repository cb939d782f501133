#include "launch/training/saving.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "io/text/byte_size.h"
#include "launch/run/attempts.h"
#include "launch/run/local_storage.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

CheckpointSaver::Mode mode_of(const CheckpointConfig& config) {
  return config.async ? CheckpointSaver::Mode::asynchronous : CheckpointSaver::Mode::synchronous;
}

// A run outlives these: what it has in memory is good.
bool is_of_the_disk(const Error& error) {
  return error.agreed() && (error.code() == Exit::storage || error.code() == Exit::data);
}

}  // namespace

Saving::Saving(Run run, const CheckpointConfig& config, Comm& world, Stream& stream,
               spdlog::logger& log, std::function<void(const Saved&)> saved)
    : run_(std::move(run)),
      world_(world),
      log_(log),
      saved_(std::move(saved)),
      async_(config.async),
      saver_(run_.directory, run_.attempt, mode_of(config), world, stream, config.write_rate),
      local_every_(config.local_every),
      retention_(run_.directory, {config.keep, config.keep_every, config.keep_best}) {
  if (!run_.resumed_from.empty()) retention_.note_good(run_.resumed_from);
  if (local_every_ == 0) return;
  LocalDisks disks = find_local_disks(local_storage_of(config, run_.directory, world), world);
  log_.info("node-local checkpoints: {}", redundancy_summary(disks));
  local_.emplace(std::move(disks), run_.attempt, mode_of(config), world, stream, saver_.staging(),
                 saver_.pace());
}

Saving::~Saving() = default;

void Saving::begin(std::int64_t step, const std::vector<NamedTensor>& mine, nlohmann::json meta) {
  if (in_progress()) {
    const std::int64_t earlier = local_in_progress() ? local_step_ : step_;
    const auto begin = std::chrono::steady_clock::now();
    wait();
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    log_.info("step {}: waited {:.2f} s for the save of step {}", step, waited.count(), earlier);
  }
  require_not_overtaken();
  warn_of_full_disk(step, mine);
  step_ = step;
  began_ = std::chrono::steady_clock::now();
  failure_.reset();
  saver_.start(step, mine, std::move(meta));
  if (!async_) wait();
}

bool Saving::local_due(std::int64_t step) const { return local_ && step % local_every_ == 0; }

void Saving::begin_local(std::int64_t step, const std::vector<NamedTensor>& mine,
                         nlohmann::json meta) {
  if (in_progress()) {
    log_.info("step {}: no node-local checkpoint, an earlier save is not done", step);
    return;
  }
  local_step_ = step;
  local_->start(step, mine, std::move(meta));
  if (!async_) wait();
}

void Saving::wait() {
  saver_.hurry();
  while (in_progress()) advance();
}

void Saving::advance_local() {
  try {
    local_->advance();
  } catch (const Error& error) {  // a place that cannot be written to is no reason to end a run
    if (!error.agreed() || error.code() == Exit::internal) throw;
    log_.warn("the node-local checkpoint of step {} was not saved: {}. Training goes on",
              local_step_, error.what());
  }
}

void Saving::advance() {
  if (local_in_progress()) return advance_local();
  try {
    advance_or_throw();
  } catch (const Error& error) {
    if (!is_of_the_disk(error)) throw;
    failure_ = error;
    log_.error(
        "the checkpoint of step {} was not saved: {}. Training goes on; earlier checkpoints "
        "are as they were",
        step_, error.what());
  }
}

void Saving::warn_of_full_disk(std::int64_t step, const std::vector<NamedTensor>& mine) {
  std::int64_t bytes = 0;
  for (const NamedTensor& named : mine) bytes += named.tensor.bytes();
  bytes = reduce_one(world_, bytes, Reduce::sum);
  std::error_code unknown;
  const fs::space_info space = fs::space(run_.directory, unknown);
  if (unknown || space.available >= static_cast<std::uintmax_t>(bytes)) {
    warned_of_disk_ = false;
  } else if (!std::exchange(warned_of_disk_, true)) {
    log_.warn(
        "the checkpoint of step {} takes {}, and {} has {} free: free some space there, or lower "
        "checkpoint.keep",
        step, bytes_in_words(bytes), run_.directory.string(),
        bytes_in_words(static_cast<std::int64_t>(space.available)));
  }
}

void Saving::settle() {
  wait();
  finish_retaining();
}

void Saving::finish() {
  saver_.hurry();
  while (local_in_progress()) advance_local();
  while (in_progress()) advance_or_throw();
  finish_retaining();
  if (failure_) throw Error(*failure_);
}

void Saving::advance_or_throw() {
  if (const std::optional<fs::path> committed = saver_.advance()) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    saved_({*committed, step_, took.count()});
    if (world_.rank() == 0) retain(*committed);
  }
}

void Saving::require_not_overtaken() {
  on_root(world_, [this] {
    const std::optional<Attempt> newest = newest_attempt(run_.directory);
    const int number = newest ? newest->number : run_.attempt;
    require(number <= run_.attempt, Exit::busy,
            "attempt {} took {} over from this one (attempt {}), which leaves it to that one",
            number, run_.directory.string(), run_.attempt);
  });
}

void Saving::retain(const fs::path& committed) {
  finish_retaining();
  retention_.note_good(committed);
  retaining_ = std::async(std::launch::async, [this] { retention_.apply(); });
}

void Saving::finish_retaining() {
  if (!retaining_.valid()) return;
  try {
    retaining_.get();
  } catch (const Error& error) {
    log_.warn("old checkpoints could not be deleted: {}", error.what());
  }
}

}  // namespace switchyard
