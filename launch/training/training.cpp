#include "launch/training/training.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "io/checkpoint/checkpoint.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/introduction.h"
#include "launch/assemble/layout.h"
#include "launch/assemble/run_data.h"
#include "launch/host/counted.h"
#include "launch/host/ranks.h"
#include "launch/host/stop_signals.h"
#include "launch/host/terminal.h"
#include "launch/host/unless_full.h"
#include "launch/plan/activation_growth.h"
#include "launch/plan/profiler.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lease.h"
#include "launch/run/logs.h"
#include "launch/run/progress.h"
#include "launch/run/run_metrics.h"
#include "launch/run/step_times.h"
#include "launch/training/saving.h"
#include "launch/training/start.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"
#include "train/step/routing_tape.h"
#include "train/step/run.h"

namespace switchyard {
namespace {

// One attempt at a run, from the moment it owns the run directory.
class Training {
 public:
  Training(const Config& config, RunData& data, const Start& start, int expert_degree,
           FlightRecord& record, std::unique_ptr<Comm> world, Device device)
      : config_(config),
        record_(record),
        data_(data),
        directory_(config.run.directory),
        attempt_(start.attempt),
        checkpoint_(start.checkpoint),
        stream_(make_stream(config.run, device, *world)),
        world_(make_device_world(std::move(world), device)),
        mesh_(make_mesh(std::move(world_.comm), expert_degree)),
        log_(make_logger(directory_.logs(), mesh_)),
        unless_full_(*log_),
        tape_(make_run_tape(config.router, config.model.num_experts, attempt_, *mesh_.world)),
        model_(config.model, config.router,
               model_options(config, data.store->vocabulary(), device, tape_.get()), mesh_),
        trainer_(model_, mesh_, config.train, stream_, config.guard),
        description_(describe_run(config, *data.store)),
        metrics_(directory_, attempt_, mesh_.world->size(), config.train.steps),
        clock_(stream_, record),
        saving_({directory_.path(), attempt_, checkpoint_}, config.checkpoint, *mesh_.world,
                stream_, *log_, [this](const Saved& saved) { note_saved(saved); }) {
    if (root()) lease_.emplace(directory_.path(), attempt_);
    for (const std::string& note : start.notes) log_->warn("{}", note);
    checkpoint_.empty() ? trainer_.initialize() : load();
    if (start.rewind) go_on(*start.rewind);
    saving_.prepare(trainer_.owned_state().tensors);
    check_tape(config.train.steps);
    introduce();
  }

  // Nothing: the run goes on as next() says, in another attempt.
  std::optional<Exit> run(std::int64_t stop_before) {
    write_state("running", "");
    try {
      const RunEnd end = loop(stop_before);
      note_metrics([&] { metrics_.finish(); });
      if (end == RunEnd::rewind) {
        saving_.settle();  // so that where it goes back to is a matter of steps alone
        next_ =
            go_back(directory_, attempt_, config_.guard, trainer_.rewind(), problem_, *mesh_.world);
        return std::nullopt;
      }
      if (profiler_) fmt::print("{}", profiler_->finish(model_, config_));
      write_state(end == RunEnd::done ? "done" : by_signal_ ? "preempted" : "stopped", "");
      if (end == RunEnd::done) {
        log_->info("done after step {}: {}", step_, directory_.path().string());
        return Exit::done;
      }
      log_->info("stopped after step {} and saved in {}: start again with --resume", step_,
                 directory_.path().string());
      return Exit::requeue;
    } catch (const Error& error) {
      try {
        if (error.agreed()) saving_.finish();  // a save that was begun is good whatever came after
        write_state("failed", error.what());
      } catch (const Error&) {  // the first error is the one to report
      }
      throw;
    }
  }

  void profile() {
    profiler_.emplace(directory_.path() / "profile", clock_.trace(), mesh_, stream_);
  }

  const Start& next() const { return next_; }

 private:
  bool root() const { return mesh_.world->rank() == 0; }

  void load() {
    std::string fingerprint;
    const CheckpointReader reader = CheckpointReader::open_on_all(checkpoint_, *mesh_.world);
    agree(*mesh_.world, [&] {
      trainer_.load(reader, reader.meta().at("trainer"));
      step_ = reader.step();
      fingerprint = reader.meta().at("trainer").value("fingerprint", "");
      productive_seconds_ = reader.meta().value("step_seconds", 0.0);
    });
    log_->info("resuming at step {} from {}", step_, checkpoint_.string());
    if (config_.train.exact && fingerprint != trainer_.arithmetic().fingerprint) {
      log_->warn(
          "this machine computes other bits than the one that wrote the checkpoint: the run goes "
          "on, but no longer bit for bit");
    }
  }

  void go_on(const Rewind& rewind) {
    trainer_.go_on(step_, rewind);
    log_->warn("went back to step {} (time {} of {}): it trains on batch {}", step_,
               rewind.num_rewinds, config_.guard.rewinds, trainer_.batch_of(step_));
  }

  void check_tape(std::int64_t steps) {
    if (tape_ == nullptr || model_.moe_layers().empty()) return;
    agree(*mesh_.world, [&] { tape_->require_steps(step_, steps, model_.moe_layers().front()); });
  }

  void introduce() {
    log_->info("attempt {}: {}, {} each, experts over {}; run directory {}", attempt_,
               counted(mesh_.world->size(), "rank"), counted(stream_.num_threads(), "thread"),
               counted(mesh_.expert_degree(), "rank"), directory_.path().string());
    introduce_machine(config_.train, trainer_, world_.how, stream_, *log_);
    if (model_.num_moe_layers() > 0) log_->info("exchange: {}", model_.exchange_choice());
    introduce_data(data_, config_, *log_);
  }

  RunEnd loop(std::int64_t stop_before) {
    const bool terminal = stderr_is_terminal();
    Progress progress(step_, config_.train.steps, terminal,
                      terminal && !no_color() ? Color::yes : Color::no);
    StopSignals signals;
    RunHooks hooks;
    hooks.stop_requested = [&] { return signals.requested(); };
    hooks.entered = [&](Phase phase) {
      record_.phase = phase;
      if (phase == Phase::step) clock_.begin();
    };
    hooks.stepped = [&](const StepReport& report) {
      record_.step = step_ = report.step + 1;
      if (report.outcome <= StepOutcome::repeated) results_ = {{"loss", report.loss}};
      note_step(report);
      if (report.outcome != StepOutcome::taken) note_guarded(report, progress);
      if (root()) progress.report(report);
    };
    hooks.evaluated = [&](std::int64_t done, double loss) {
      progress.pause();
      log_->info("step {}: validation loss {:.4f}", done, loss);
      results_["validation_loss"] = loss;
      note_metrics([&] { metrics_.evaluated(done, loss); });
    };
    hooks.placed = [&](const PlacementReport& report) {
      progress.pause();
      log_->info("{}", placement_summary(report));
      note_metrics([&] { metrics_.placed(report); });
    };
    hooks.save = [&](std::int64_t) {
      signals.set_saving(true);
      saving_.begin(step_, trainer_.owned_state().tensors, meta_now());
    };
    hooks.not_saved = [&](std::int64_t done) {
      if (!saving_.local_due(done)) return;
      saving_.begin_local(step_, trainer_.owned_state().tensors, meta_now());
    };
    hooks.save_working = [&] { return saving_.working(); };
    hooks.advance_save = [&] {
      saving_.advance();
      signals.set_saving(saving_.in_progress());
    };
    hooks.finish_saves = [&] { saving_.finish(); };
    Loader* validation = data_.validation ? &*data_.validation : nullptr;
    record_.step = step_;
    const RunEnd end = run_training(trainer_, *data_.loader, validation, config_.train,
                                    {step_, stop_before}, *mesh_.world, hooks);
    by_signal_ = reduce_one(*mesh_.world, std::int64_t{signals.requested()}, Reduce::max) != 0;
    if (end == RunEnd::stopped) signals.ignore_from_now_on();
    return end;
  }

  void note_step(const StepReport& report) {
    productive_seconds_ += report.seconds;
    const bool last = report.step + 1 == config_.train.steps;
    if (profiler_) profiler_->stepped(report);
    growth_.note(step_, model_.activation_memory().held, *log_);
    if (report.step % config_.train.log_every != 0 && !last) return;
    const StepTimes times = clock_.end(report.seconds, *mesh_.world);
    note_metrics([&] { metrics_.stepped(report, times, productive_seconds_); });
  }

  void note_guarded(const StepReport& report, Progress& progress) {
    progress.pause();
    problem_ = guard_summary(report);
    log_->warn("{}", problem_);
    note_metrics([&] { metrics_.guarded(report); });
  }

  template <class Note>
  void note_metrics(Note note) {
    if (root()) unless_full_(note);
  }

  void note_saved(const Saved& saved) {
    checkpoint_ = saved.folder;
    write_state("running", "");
    note_metrics([&] { metrics_.saved(saved.folder, saved.step, saved.seconds); });
  }

  nlohmann::json meta_now() const {
    nlohmann::json meta = description_;
    meta.update(results_);
    meta["trainer"] = trainer_.meta();
    meta["step"] = step_;
    meta["attempt"] = attempt_;
    meta["step_seconds"] = productive_seconds_;
    return meta;
  }

  void write_state(const std::string& status, const std::string& problem) {
    if (!root()) return;
    unless_full_([&] {
      directory_.write_state(
          {status, attempt_, step_, config_.train.steps, checkpoint_.filename().string(), problem});
    });
  }

  const Config& config_;
  FlightRecord& record_;
  RunData& data_;
  RunDirectory directory_;
  int attempt_;
  std::filesystem::path checkpoint_;  // the newest of this attempt, or the one it resumed from
  std::int64_t step_ = 0;             // steps done
  bool by_signal_ = false;            // why the run stopped
  Stream stream_;
  DeviceWorld world_;  // its comm is in the mesh
  Mesh mesh_;
  std::shared_ptr<spdlog::logger> log_;
  UnlessFull unless_full_;
  std::unique_ptr<RunTape> tape_;
  Transformer model_;
  Trainer trainer_;
  nlohmann::json description_;
  nlohmann::json results_ = nlohmann::json::object();  // losses of the last step that was taken
  double productive_seconds_ = 0.0;  // of the steps that made this state, in all attempts
  std::string problem_;              // that the guard met last
  Start next_;
  RunMetrics metrics_;
  StepClock clock_;
  Saving saving_;
  std::optional<Lease> lease_;
  plan::ActivationGrowth growth_{mesh_.world->rank(), config_.train.load_factor};
  std::optional<plan::Profiler> profiler_;
};

}  // namespace

Exit train(const TrainingOptions& options, FlightRecord& record, std::unique_ptr<Comm> world) {
  const Config config = agree_on_config(options.config, *world);
  const Watchdog watchdog(*world, record, config.watchdog, [&](const std::string& what) {
    print_error(what);
    RunDirectory(config.run.directory).note_incident(what);
  });
  const Device device = choose_device(config.run, *world);
  const ExpertDegree degree = agree_on_expert_degree(config, options.resume, *world);
  RunData data(config, *world);
  Start start = start_attempt(RunDirectory(config.run.directory), config, *data.store,
                              options.resume, *world);
  if (!degree.note.empty()) start.notes.push_back(degree.note);
  for (;;) {
    Training training(config, data, start, degree.degree, record, world->split(0, world->rank()),
                      device);
    if (options.profile) training.profile();
    if (const std::optional<Exit> end = training.run(options.stop_before)) return *end;
    start = training.next();
  }
}

}  // namespace switchyard
