#include "launch/models/prediction.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "io/files/durable.h"
#include "io/transform/digest_sink.h"
#include "runtime/comm/agree.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t sample_elements = std::int64_t{1} << 24;
constexpr std::int64_t written_bytes = std::int64_t{64} << 20;

double seconds_since(Clock::time_point begin) {
  return std::max(1e-6, std::chrono::duration<double>(Clock::now() - begin).count());
}

// The beginning of a tensor.
TensorPlan sample_of(const TensorPlan& plan) {
  TensorPlan sample{plan.tensor, {}, plan.counting};
  std::int64_t elements = 0;
  for (TensorPart part : plan.parts) {
    std::int64_t most = sample_elements - elements;
    for (const PartInput& input : part.inputs) {
      if (input.run > 0) most = most / input.run * input.run;
    }
    part.size = std::min(part.size, most);
    if (part.size <= 0) break;
    elements += part.size;
    sample.parts.push_back(std::move(part));
  }
  sample.tensor.shape = {elements};
  return sample;
}

struct Measured {
  double read_rate = std::numeric_limits<double>::infinity();
  std::int64_t bytes = 0;
};

Measured measure_reading(const TensorPlan& plan, ModelSources sources) {
  const std::vector<TensorPlan> sample = {sample_of(plan)};
  const auto alone = make_single_comm();
  const TransformCost cost = cost_of(sample, sources, 1);
  DigestSink sink(tensors_of(sample), *alone);
  const auto begin = Clock::now();
  run_plans(sample, sources, sink, *alone);
  if (cost.read[0] == 0) return {};
  return {static_cast<double>(cost.read[0]) / seconds_since(begin), cost.read[0]};
}

double measure_writing(const fs::path& parent, int rank) {
  const fs::path path = parent / fmt::format(".switchyard-{}-{}.tmp", ::getpid(), rank);
  durable::NewFile file(path);  // removed at the end
  const std::string bytes(std::size_t{1} << 22, 'x');
  const auto begin = Clock::now();
  for (std::int64_t done = 0; done < written_bytes; done += std::ssize(bytes)) file.append(bytes);
  file.sync();
  return static_cast<double>(written_bytes) / seconds_since(begin);
}

const TensorPlan& largest(const std::vector<TensorPlan>& plans,
                          const std::vector<std::size_t>& mine) {
  return plans[*std::ranges::max_element(
      mine, {}, [&](std::size_t i) { return plans[i].tensor.shape.size(); })];
}

}  // namespace

Prediction predict(const std::vector<TensorPlan>& plans, ModelSources sources,
                   const fs::path& folder, const TransformCost& cost, Comm& world) {
  fs::path parent =
      folder.empty() ? fs::path(".") : fs::absolute(folder).lexically_normal().parent_path();
  while (!fs::exists(parent)) parent = parent.parent_path();
  const std::vector<std::size_t> mine = dealt_to(tensors_of(plans), world);
  const auto rank = static_cast<std::size_t>(world.rank());
  Measured read;
  double write_rate = 0, seconds = 0;
  agree(world, [&] {
    if (!mine.empty()) read = measure_reading(largest(plans, mine), sources);
    write_rate = measure_writing(parent, world.rank());
    seconds = static_cast<double>(cost.read[rank]) / read.read_rate +
              static_cast<double>(cost.written[rank]) / write_rate;
  });
  Prediction found;
  for (const std::string& text : all_gather_text(world, fmt::format("{}", seconds)))
    found.seconds.push_back(std::stod(text));
  found.read_rate = reduce_one(world, read.read_rate, Reduce::min);
  found.write_rate = reduce_one(world, write_rate, Reduce::min);
  found.sample_bytes = reduce_one(world, read.bytes, Reduce::max);
  return found;
}

}  // namespace switchyard::models
