// Profiler: measures the steps of one rank, and at the end makes a Profile of all ranks.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "launch/plan/profile.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "runtime/device/trace.h"
#include "train/step_report.h"

namespace switchyard::plan {

class Profiler {
 public:
  // trace: the stream's, cleared before every step. folder: for the files of all ranks. All
  // references must outlive this object.
  Profiler(std::filesystem::path folder, Trace& trace, Mesh& mesh, Stream& stream);

  // Call after each step. The first steps pay for start-up and do not count.
  void stepped(const StepReport& report);

  // Collective. Writes rank0.trace.json, rank1.trace.json, ... and, on rank 0, profile.json.
  // Returns what to print: the table on rank 0, nothing elsewhere.
  std::string finish(const Transformer& model, const Config& config);

 private:
  Profile measure(const Transformer& model);
  std::vector<PartProfile> gather_parts();
  void keep_step(const StepReport& report);

  std::filesystem::path folder_;
  Mesh& mesh_;
  Stream& stream_;
  Trace& trace_;
  std::map<std::string_view, double> seconds_of_, waited_in_;  // by part, of the measured steps
  Trace::Clock::time_point start_ = Trace::Clock::now();
  std::vector<Trace::Event> steps_;
  std::int64_t seen_ = 0, measured_ = 0;
  double seconds_ = 0.0;  // of the measured steps
};

}  // namespace switchyard::plan
