#include "launch/training/training_attempt.h"

#include <fmt/format.h>

#include <utility>

#include "io/checkpoint/checkpoint.h"
#include "launch/assemble/introduction.h"
#include "launch/config/config_warnings.h"
#include "launch/host/counted.h"
#include "launch/host/stop_signals.h"
#include "launch/run/lineage.h"
#include "launch/training/run_watch.h"
#include "runtime/comm/agree.h"
#include "train/state/load_state.h"
#include "train/step/schedule.h"
#include "train/step/trainer_steps.h"

namespace switchyard {

TrainingAttempt::TrainingAttempt(const Config& config, RunData& data, const Start& start,
                                 int expert_degree, FlightRecord& record,
                                 std::unique_ptr<Comm> world, Device device)
    : config_(config),
      data_(data),
      record_(record),
      directory_(config.run.directory),
      trained_(config, data.store->vocabulary(), start, expert_degree, std::move(world), device),
      notes_(directory_, start.attempt, config.train.steps, trained_.mesh),
      description_(describe_run(config, *data.store)),
      account_(description_.meta, start.attempt, config.train, start.checkpoint),
      saving_(
          directory_.path(), config.checkpoint, account_, notes_, [this] { return snapshot(); },
          trained_.mesh.job(), trained_.stream) {
  if (notes_.on_root()) lease_.emplace(directory_.path(), start.attempt);
  for (const std::string& note : start.notes) notes_.log().warn("{}", note);
  start.checkpoint.empty() ? begin() : load();
  if (start.rewind) go_on(*start.rewind);
  saving_.prepare(snapshot());
  if (trained_.tape != nullptr && !trained_.model.moe_layers().empty()) {
    agree(this->world(), [&] {
      trained_.tape->require_steps(account_.steps_done(), config.train.steps,
                                   trained_.model.moe_layers().front());
    });
  }
  introduce();
}

void TrainingAttempt::begin() {
  if (config_.train.initial.empty()) return trained_.trainer.initialize();
  const CheckpointReader weights = CheckpointReader::open_on_all(config_.train.initial, world());
  agree(world(), [&] {
    trained_.trainer.initialize(weights);
    const CheckpointReader* const parents[] = {&weights};
    account_.note_lineage(lineage_of(parents));
  });
  notes_.log().info("the weights are those of {}", config_.train.initial);
  const std::int64_t held = num_mtp_modules(weights), wanted = config_.model.mtp_depth;
  if (held < wanted)
    notes_.log().info("it holds {} of multi-token prediction, so train.seed draws {} anew",
                      counted(held, "module"), wanted - held);
  if (held > wanted)
    notes_.log().info("its {} of multi-token prediction beyond model.mtp_depth = {} were left out",
                      counted(held - wanted, "module"), wanted);
}

void TrainingAttempt::load() {
  std::string fingerprint;
  const CheckpointReader reader = CheckpointReader::open_on_all(account_.checkpoint(), world());
  agree(world(), [&] {
    const JsonFields trainer = reader.fields().object("trainer");
    trained_.trainer.load(reader, trainer);
    account_.load(reader);
    if (trainer.has("fingerprint")) fingerprint = trainer.text("fingerprint");
  });
  notes_.log().info("resuming at step {} from {}", account_.steps_done(),
                    account_.checkpoint().string());
  if (config_.train.exact && fingerprint != trained_.trainer.arithmetic().fingerprint) {
    notes_.log().warn(
        "this machine computes other bits than the one that wrote the checkpoint: the run goes on, "
        "but no longer bit for bit");
  }
}

void TrainingAttempt::go_on(const Rewind& rewind) {
  const std::int64_t step = account_.steps_done();
  const std::int64_t first = trained_.trainer.batch_of(step);
  trained_.trainer.go_on(step, rewind);
  for (std::int64_t batch = first; batch < rewind.next_batch; ++batch)
    account_.note_left_out(1, data_.loader->sources_of(batch));
  notes_.log().warn("went back to step {} (time {} of {}): it trains on batch {}", step,
                    rewind.num_rewinds, config_.guard.rewinds, trained_.trainer.batch_of(step));
}

void TrainingAttempt::introduce() {
  const bool has_experts = trained_.model.num_moe_layers() > 0;
  notes_.log().info(
      "attempt {}: {}, {} each, {}; run directory {}", account_.attempt(),
      counted(world().size(), "rank"), counted(trained_.stream.num_threads(), "thread"),
      has_experts ? "experts over " + counted(trained_.mesh.expert_degree(), "rank") : "no experts",
      directory_.path().string());
  introduce_machine(config_.train, trained_.trainer, trained_.how, trained_.stream, notes_.log());
  if (config_.train.islands.active())
    notes_.log().info("{}", islands_in_words(config_.train.islands));
  if (has_experts) notes_.log().info("exchange: {}", trained_.model.exchange_choice());
  notes_.log().info("learning rate: {}", schedule_in_words(config_.train));
  introduce_data(data_, config_, notes_.log());
  for (const std::string& warning : config_warnings(config_)) notes_.log().warn("{}", warning);
}

// Collective.
Snapshot TrainingAttempt::snapshot() {
  OwnedState state = trained_.trainer.owned_state();
  return {account_.steps_done(), std::move(state.tensors), account_.meta(trained_.trainer.meta()),
          description_.files, std::move(state.gathered)};
}

std::optional<Exit> TrainingAttempt::run(const TrainingOptions& options) {
  notes_.state(account_.state("running"));
  try {
    return conclude(loop(options));
  } catch (const Error& error) {
    note_failure(error);
    throw;
  }
}

TrainingAttempt::Ended TrainingAttempt::loop(const TrainingOptions& options) {
  StopSignals signals;
  RunWatch watch(trained_, account_, notes_, saving_, signals, record_);
  if (options.profile) watch.profile(directory_.path() / "profile");
  TrainerSteps steps(trained_.trainer, *data_.loader,
                     data_.validation ? &*data_.validation : nullptr);
  const RunEnd end =
      run_training(steps, saving_, watch, config_.train,
                   {.first_step = account_.steps_done(),
                    .stop_before = options.stop_before,
                    .evaluated = account_.evaluated(),
                    .rebuild_at = trained_.model.options().guided ? config_.train.guide_steps : 0,
                    .local_every = config_.checkpoint.local_every},
                   world());
  if (end == RunEnd::stopped || end == RunEnd::preempted) signals.ignore_from_now_on();
  notes_.metrics([](RunMetrics& metrics) { metrics.finish(); });
  return {end, watch.problem(), goes_on(end) ? "" : watch.finish_profile()};
}

std::optional<Exit> TrainingAttempt::conclude(const Ended& ended) {
  fmt::print("{}", ended.profile);
  if (const std::string text = account_.left_out_text(); !goes_on(ended.end) && !text.empty())
    notes_.log().warn("{}", text);
  switch (ended.end) {
    case RunEnd::rewind:
      saving_.settle();  // so that where it goes back to is a matter of steps alone
      next_ = go_back(directory_, account_.attempt(), config_.guard, trained_.trainer.rewind(),
                      ended.problem, world());
      return std::nullopt;
    case RunEnd::rebuild:
      notes_.log().info("the guides ended with step {}: the next attempt goes on without them",
                        account_.steps_done());
      next_ = go_on_elsewhere(directory_, account_.attempt(), world());
      return std::nullopt;
    case RunEnd::done:
      notes_.state(account_.state("done"));
      notes_.log().info("done after step {}: {}", account_.steps_done(),
                        directory_.path().string());
      return Exit::done;
    case RunEnd::early:
      notes_.state(account_.state("done"));
      notes_.log().info(
          "stopped early after step {}: {} without a loss lower than {:.4f} by more than {}, that "
          "of step {}, which {}@best names",
          account_.steps_done(), counted(account_.early_stop().since(), "evaluation"),
          account_.early_stop().best_loss(), config_.train.min_improvement,
          account_.early_stop().best_step(), directory_.path().string());
      return Exit::done;
    case RunEnd::stopped:
    case RunEnd::preempted:
      break;
  }
  notes_.state(account_.state(ended.end == RunEnd::preempted ? "preempted" : "stopped"));
  notes_.log().info("stopped after step {} {} {}: start again with --resume", account_.steps_done(),
                    account_.checkpoint().empty() ? "with nothing to save in" : "and saved in",
                    directory_.path().string());
  return Exit::requeue;
}

void TrainingAttempt::note_failure(const Error& error) {
  try {
    if (error.agreed()) saving_.finish();  // a save that was begun is good, whatever came after it
    notes_.state(account_.state("failed", error.what()));
  } catch (const Error&) {  // the first error is the one to report
  }
}

}  // namespace switchyard
