#include "launch/verify/layout_trace.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr std::int64_t most_bytes = std::int64_t{1} << 32;

Json json_of(const LayoutTrace& trace) {
  Json steps = Json::array();
  for (const std::vector<TensorHash>& hashes : trace.steps) {
    Json step = Json::array();
    for (const TensorHash& hash : hashes)
      step.push_back({name_of(hash.part), hash.tensor, hash.hash});
    steps.push_back(std::move(step));
  }
  return {{"layout", trace.layout}, {"problems", trace.problems}, {"steps", std::move(steps)}};
}

LayoutTrace trace_of(const Json& json) {
  LayoutTrace trace;
  trace.layout = json.at("layout").get<std::string>();
  trace.problems = json.at("problems").get<std::vector<std::string>>();
  for (const Json& step : json.at("steps")) {
    std::vector<TensorHash>& hashes = trace.steps.emplace_back();
    for (const Json& hash : step) {
      const auto part = value_named<StepPart>(hash.at(0).get<std::string>());
      if (!part) throw std::invalid_argument("unknown part of a step");
      hashes.push_back({*part, hash.at(1).get<std::string>(), hash.at(2).get<std::uint64_t>()});
    }
  }
  return trace;
}

using Hashes = std::map<std::pair<StepPart, std::string>, std::uint64_t>;

Hashes by_name(const std::vector<TensorHash>& hashes) {
  Hashes named;
  for (const TensorHash& hash : hashes) named[{hash.part, hash.tensor}] = hash.hash;
  return named;
}

// In the order of `hashes`: those that `others` has not, or has with other bits.
std::vector<TensorHash> missing_from(const Hashes& others, const std::vector<TensorHash>& hashes) {
  std::vector<TensorHash> missing;
  std::copy_if(hashes.begin(), hashes.end(), std::back_inserter(missing),
               [&](const TensorHash& hash) {
                 const auto found = others.find({hash.part, hash.tensor});
                 return found == others.end() || found->second != hash.hash;
               });
  return missing;
}

std::optional<TraceDifference> difference_of(std::size_t step, const std::vector<TensorHash>& a,
                                             const std::vector<TensorHash>& b) {
  std::vector<TensorHash> differ = missing_from(by_name(b), a);
  if (differ.empty()) differ = missing_from(by_name(a), b);  // tensors that `a` lacks
  if (differ.empty()) return std::nullopt;
  TraceDifference found{step, differ.front().part, {}};
  for (const TensorHash& hash : differ) {
    if (hash.part == found.part) found.tensors.push_back(hash.tensor);
  }
  return found;
}

}  // namespace

std::optional<TraceDifference> first_difference(const LayoutTrace& a, const LayoutTrace& b) {
  for (std::size_t step = 0; step < std::max(a.steps.size(), b.steps.size()); ++step) {
    static const std::vector<TensorHash> none;
    const auto of = [&](const LayoutTrace& trace) -> const std::vector<TensorHash>& {
      return step < trace.steps.size() ? trace.steps[step] : none;
    };
    if (auto found = difference_of(step, of(a), of(b))) return found;
  }
  return std::nullopt;
}

void write_traces(const std::vector<LayoutTrace>& traces, const std::filesystem::path& file) {
  Json all = {{"kind", "layout traces"}, {"version", format_version}, {"traces", Json::array()}};
  for (const LayoutTrace& trace : traces) all["traces"].push_back(json_of(trace));
  durable::replace_file(file, all.dump() + "\n");
}

std::vector<LayoutTrace> read_traces(const std::filesystem::path& file) {
  const std::string text = durable::read_file(file, most_bytes);
  try {
    const Json all = Json::parse(text);
    require(all.at("kind") == "layout traces" && all.at("version") == format_version, Exit::data,
            "{} has kind {} and version {}; expected layout traces of version {}", file.string(),
            all.at("kind").dump(), all.at("version").dump(), format_version);
    std::vector<LayoutTrace> traces;
    for (const Json& trace : all.at("traces")) traces.push_back(trace_of(trace));
    return traces;
  } catch (const std::exception& problem) {
    if (dynamic_cast<const Error*>(&problem) != nullptr) throw;
    fail(Exit::data, "{} is no file that verify-layout --record wrote: {}", file.string(),
         problem.what());
  }
}

}  // namespace switchyard
