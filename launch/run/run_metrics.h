// RunMetrics: the files in which rank 0 records a run as it goes: metrics.jsonl, TensorBoard's
// event files and metrics.prom.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "launch/run/event_file.h"
#include "launch/run/metrics.h"
#include "launch/run/prometheus.h"
#include "launch/run/run_directory.h"

namespace switchyard {

class RunMetrics {
 public:
  // Creates no files yet.
  RunMetrics(const RunDirectory& directory, int attempt, int num_ranks, std::int64_t steps);

  // Errors of all methods: Exit::storage; earlier lines are not damaged.
  // productive_seconds: the time of all steps that led to this state, this one included.
  // energy: since the last call.
  void stepped(const StepReport& report, const StepTimes& times, const EnergyUse& energy,
               double productive_seconds);
  void counted(const StepReport& report);  // the choices of every expert
  void evaluated(std::int64_t steps_done, const Evaluation& evaluation);
  void guarded(const StepReport& report);  // a step that the guard did not accept at first
  void placed(const PlacementReport& report);
  void met(const IslandReport& report);
  void saved(const std::filesystem::path& checkpoint, std::int64_t steps_done, double seconds);
  // Brings metrics.prom up to date, which otherwise happens every few seconds.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void note_line(const std::string& line);
  void note_event(std::int64_t step, const std::vector<Scalar>& scalars);

  RunDirectory directory_;
  RunFigures figures_;
  double first_start_;  // seconds since 1970
  std::optional<EventFile> events_;
  Clock::time_point prometheus_written_;
};

}  // namespace switchyard
