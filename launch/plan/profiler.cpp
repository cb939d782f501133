#include "launch/plan/profiler.h"

#include <algorithm>

#include "io/files/durable.h"
#include "launch/machine/process_memory.h"
#include "launch/plan/machine_limits.h"
#include "launch/plan/trace_file.h"

namespace switchyard::plan {
namespace {

constexpr std::int64_t unmeasured_steps = 2;
constexpr std::size_t max_spans = 200'000;  // about 20 MB of file
// In the order of a step.
constexpr const char* profiled_parts[] = {
    "data",   "zero",    "embedding", "norms",     "attention", "ffn",    "gate",
    "plan",   "permute", "exchange",  "experts",   "head",      "guests", "copies",
    "reduce", "masks",   "clip",      "optimizer", "matrices",  "gather", "compare"};

double part_seconds(const std::map<std::string_view, double>& seconds, std::string_view part) {
  const auto found = seconds.find(part);
  return found == seconds.end() ? 0.0 : found->second;
}

std::vector<double> of_all_ranks(Comm& world, double mine, Stream& stream) {
  std::vector<double> all(static_cast<std::size_t>(world.size()));
  world.all_gather(tensor_of(&mine, {1}), tensor_of(all.data(), {world.size()}), stream);
  return all;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

Profiler::Profiler(std::filesystem::path folder, Trace& trace, Mesh& mesh, Stream& stream)
    : folder_(std::move(folder)), mesh_(mesh), stream_(stream), trace_(trace) {
  trace_.keep_events(max_spans);
}

void Profiler::stepped(const StepReport& report) {
  keep_step(report);
  if (++seen_ <= unmeasured_steps) return;
  ++measured_;
  seconds_ += report.seconds;
  for (const auto& [part, seconds] : trace_.seconds()) seconds_of_[part] += seconds;
  for (const auto& [part, seconds] : trace_.waited_seconds()) waited_in_[part] += seconds;
}

// Keeps a span around those of the step's parts, as long as the limit allows.
void Profiler::keep_step(const StepReport& report) {
  if (trace_.events().size() >= max_spans) return;
  const Trace::Clock::time_point now = Trace::Clock::now();
  const auto length = std::chrono::duration_cast<Trace::Clock::duration>(
      std::chrono::duration<double>(report.seconds));
  steps_.push_back({"step", now - length, now});
}

std::vector<PartProfile> Profiler::gather_parts() {
  std::vector<PartProfile> parts;
  const auto steps = static_cast<double>(measured_);
  for (const char* name : profiled_parts) {
    const std::vector<double> seconds =
        of_all_ranks(mesh_.job(), part_seconds(seconds_of_, name) / steps, stream_);
    const std::vector<double> waited =
        of_all_ranks(mesh_.job(), part_seconds(waited_in_, name) / steps, stream_);
    const auto least = std::min_element(waited.begin(), waited.end());
    const double slowest = *std::max_element(seconds.begin(), seconds.end());
    if (slowest == 0.0) continue;
    parts.push_back({name, mean_of(seconds), slowest, mean_of(waited) - *least,
                     static_cast<int>(least - waited.begin())});
  }
  return parts;
}

Profile Profiler::measure(const Transformer& model) {
  Comm& world = mesh_.job();
  Profile profile;
  profile.steps = measured_;
  profile.num_ranks = world.size();
  profile.ranks_per_node = mesh_.node->size();
  profile.threads = stream_.num_threads();
  profile.step_seconds =
      mean_of(of_all_ranks(world, seconds_ / static_cast<double>(measured_), stream_));
  profile.parts = gather_parts();
  profile.memory_bytes = reduce_one(world, anonymous_bytes() + shared_bytes(), Reduce::max);
  profile.activation_bytes = reduce_one(world, model.activation_memory().held, Reduce::max);
  profile.limits = measure_limits(world, stream_);
  return profile;
}

std::string Profiler::finish(const Transformer& model, const Config& config) {
  const int rank = mesh_.job().rank();
  if (measured_ == 0)
    return rank == 0 ? "no profile: the run had no step after the first two, which do not count\n"
                     : "";
  const Profile profile = measure(model);
  durable::make_folders(folder_);
  std::vector<Trace::Event> spans = steps_;
  spans.insert(spans.end(), trace_.events().begin(), trace_.events().end());
  write_trace_file(folder_ / fmt::format("rank{}.trace.json", rank), rank, start_, spans);
  if (rank != 0) return "";
  durable::replace_file(folder_ / "profile.json", nlohmann::json(profile).dump(2) + "\n");
  return profile_table(profile, config, model.options().vocabulary) +
         fmt::format("traces for ui.perfetto.dev: {}\n", folder_.string());
}

}  // namespace switchyard::plan
