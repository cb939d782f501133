// RunWatch: the process around the loop of steps: it passes stop signals on to the run, and notes
// what the run does for people, scripts and the watchdog.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "launch/host/stop_signals.h"
#include "launch/plan/activation_growth.h"
#include "launch/plan/profiler.h"
#include "launch/run/energy.h"
#include "launch/run/progress.h"
#include "launch/run/step_times.h"
#include "launch/training/run_account.h"
#include "launch/training/run_notes.h"
#include "launch/training/saving.h"
#include "launch/training/trained_model.h"
#include "runtime/flight_record.h"
#include "train/step/run.h"

namespace switchyard {

class RunWatch final : public RunHost {
 public:
  // The caller keeps all of it.
  RunWatch(TrainedModel& trained, RunAccount& account, RunNotes& notes, const Saving& saving,
           StopSignals& signals, FlightRecord& record);

  // Measures the steps by part, for finish_profile().
  void profile(const std::filesystem::path& folder);
  // Collective. What to print of the steps; empty without profile().
  std::string finish_profile();

  bool stop_requested() const override { return signals_.requested(); }
  void entered(Phase phase) override;
  void stepped(const StepReport& report) override;
  Judgement evaluated(std::int64_t steps_done, const Evaluation& evaluation, bool sound) override;
  void placed(const PlacementReport& report) override;
  void met(const IslandReport& report) override;

  // What the guard said of the last step that was not taken as it was; empty: nothing yet.
  const std::string& problem() const { return problem_; }

 private:
  void measure(const StepReport& report);
  void note_exchange();
  void report_guarded(const StepReport& report);

  TrainedModel& trained_;
  RunAccount& account_;
  RunNotes& notes_;
  const Saving& saving_;
  StopSignals& signals_;
  FlightRecord& record_;
  StepClock clock_;
  EnergyMeter energy_;
  std::int64_t unmetered_tokens_ = 0;  // since the energy was read
  Progress progress_;
  plan::ActivationGrowth growth_;
  std::optional<plan::Profiler> profiler_;
  std::string problem_, exchange_;
};

}  // namespace switchyard
