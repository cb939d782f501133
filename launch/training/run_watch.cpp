#include "launch/training/run_watch.h"

#include <utility>

#include "launch/host/terminal.h"

namespace switchyard {
namespace {

Color color_of_stderr() { return stderr_is_terminal() && !no_color() ? Color::yes : Color::no; }

}  // namespace

RunWatch::RunWatch(TrainedModel& trained, RunAccount& account, RunNotes& notes,
                   const Saving& saving, StopSignals& signals, FlightRecord& record)
    : trained_(trained),
      account_(account),
      notes_(notes),
      saving_(saving),
      signals_(signals),
      record_(record),
      clock_(trained.stream, record),
      energy_(trained.config.run.watts, trained.config.run.grams_co2_per_kwh, *trained.mesh.world),
      progress_(account.steps_done(), trained.config.train.steps, stderr_is_terminal(),
                color_of_stderr(),
                [&notes](const std::string& line) { notes.log_file().info("{}", line); }),
      growth_(trained.mesh.job().rank(), trained.config.train.load_factor),
      exchange_(trained.model.exchange_name()) {
  record_.step = account_.steps_done();
}

void RunWatch::profile(const std::filesystem::path& folder) {
  profiler_.emplace(folder, clock_.trace(), trained_.mesh, trained_.stream);
}

std::string RunWatch::finish_profile() {
  return profiler_ ? profiler_->finish(trained_.model, trained_.config) : "";
}

void RunWatch::entered(Phase phase) {
  record_.phase = phase;
  signals_.set_saving(phase == Phase::save || saving_.in_progress());
  if (phase == Phase::step) clock_.begin();
}

void RunWatch::stepped(const StepReport& report) {
  record_.step = report.step + 1;
  account_.note_step(report);
  measure(report);
  if (report.outcome != StepOutcome::taken) report_guarded(report);
  if (notes_.on_root()) progress_.report(report);
}

void RunWatch::measure(const StepReport& report) {
  if (profiler_) profiler_->stepped(report);
  unmetered_tokens_ += report.tokens / trained_.mesh.num_islands();  // as energy is
  note_exchange();
  growth_.note(account_.steps_done(), trained_.model.activation_memory().held, notes_.log());
  const TrainConfig& config = trained_.config.train;
  const bool last = report.step + 1 == config.steps;
  if (config.expert_counts_every > 0 && (report.step + 1) % config.expert_counts_every == 0)
    notes_.metrics([&](RunMetrics& metrics) { metrics.counted(report); });
  if (report.step % config.log_every != 0 && !last) return;
  const StepTimes times = clock_.end(report.seconds, energy_.joules(), *trained_.mesh.world);
  const EnergyUse energy = energy_.use(times.joules, std::exchange(unmetered_tokens_, 0));
  notes_.metrics([&](RunMetrics& metrics) {
    metrics.stepped(report, times, energy, account_.productive_seconds());
  });
}

void RunWatch::note_exchange() {
  if (trained_.model.exchange_name() == exchange_) return;
  exchange_ = trained_.model.exchange_name();
  notes_.log().warn(
      "/dev/shm has no room for the rows of step {}: from here on the exchange is {}, with the "
      "same "
      "bits",
      account_.steps_done(), exchange_);
}

void RunWatch::report_guarded(const StepReport& report) {
  progress_.pause();
  problem_ = guard_summary(report);
  notes_.log().warn("{}", problem_);
  notes_.metrics([&](RunMetrics& metrics) { metrics.guarded(report); });
}

Judgement RunWatch::evaluated(std::int64_t steps_done, const Evaluation& evaluation, bool sound) {
  progress_.pause();
  const Judgement judgement = account_.note_validation(evaluation.loss, sound);
  notes_.log().info("{}", evaluation_summary(steps_done, evaluation));
  notes_.metrics([&](RunMetrics& metrics) { metrics.evaluated(steps_done, evaluation); });
  return judgement;
}

void RunWatch::met(const IslandReport& report) {
  notes_.metrics([&](RunMetrics& metrics) { metrics.met(report); });
  if (const std::string drift = drift_in_words(report); !drift.empty()) {
    progress_.pause();
    notes_.log().warn("step {}: {}", report.steps_done, drift);
  }
}

void RunWatch::placed(const PlacementReport& report) {
  progress_.pause();
  notes_.log().info("{}", placement_summary(report));
  notes_.metrics([&](RunMetrics& metrics) { metrics.placed(report); });
}

}  // namespace switchyard
