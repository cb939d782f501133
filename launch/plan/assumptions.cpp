#include "launch/plan/assumptions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "launch/host/counted.h"

namespace switchyard::plan {
namespace {

// Parts in which ranks send to each other, or wait for each other's counts.
bool communicates(const PartWork& work) {
  return work.unit == WorkUnit::sent || work.part == "plan";
}

std::string with_ranks(const RunShape& shape) {
  return shape.num_nodes() > 1
             ? fmt::format(
                   "Start plan on such nodes (mpirun -n {}), or give the rate of a rank with "
                   "--network",
                   shape.num_ranks)
             : fmt::format("`mpirun -n {} switchyard plan` measures it", shape.num_ranks);
}

// Why a part that communicates was not measured between the ranks of the run; empty: it was.
std::string other_ranks(const PartWork& work, const RunShape& shape, const RatesOrigin& origin) {
  if (origin.ranks == shape.num_ranks && origin.nodes == shape.num_nodes()) return "";
  if (origin.ranks == 0)
    return "the rates do not say how many ranks they were measured on ([measured])";
  const std::string run = fmt::format("this run has {} on {}", counted(shape.num_ranks, "rank"),
                                      counted(shape.num_nodes(), "node"));
  const std::string network =
      shape.num_nodes() > std::max(1, origin.nodes) ? "the network was not measured: " : "";
  if (origin.ranks == 1) {
    return fmt::format("{}the rates are of one rank, which has no other to wait for{}, and {}. {}",
                       network,
                       work.unit == WorkUnit::sent ? " and sends at the rate of its memory" : "",
                       run, with_ranks(shape));
  }
  return fmt::format("{}the rates are of {} on {}, and {}. {}", network,
                     counted(origin.ranks, "rank"), counted(origin.nodes, "node"), run,
                     with_ranks(shape));
}

// Why the ranks of a node had another share of it; empty: they had the same.
std::string other_share(const RunShape& shape, const RatesOrigin& origin) {
  const int then = origin.nodes > 0 ? origin.ranks / origin.nodes : 0;
  if (then == 0 || then == shape.ranks_per_node) return "";
  return fmt::format(
      "the rates were measured with {} on a node, and this run has {}: the ranks of a node share "
      "its memory's bandwidth",
      counted(then, "rank"), shape.ranks_per_node);
}

// One line for the parts whose rates have the same reason not to be measurements.
std::vector<std::string> lines_of_parts(const RunShape& shape, const Rates& rates) {
  std::vector<std::pair<std::string, std::vector<std::string>>> parts_of;
  for (const PartWork& work : step_work(shape)) {
    if (work.amount == 0.0) continue;
    const std::string why = basis_of(work, shape, rates).why;
    if (why.empty()) continue;
    const auto found = std::find_if(parts_of.begin(), parts_of.end(),
                                    [&](const auto& each) { return each.first == why; });
    if (found != parts_of.end()) {
      found->second.push_back(work.part);
    } else {
      parts_of.push_back({why, {work.part}});
    }
  }
  std::vector<std::string> lines;
  for (const auto& [why, parts] : parts_of)
    lines.push_back(fmt::format("{}: {}", fmt::join(parts, ", "), why));
  return lines;
}

}  // namespace

std::map<std::string, std::string> sizes_of_rates(const Config& config, const RunShape& shape) {
  const ModelConfig& model = config.model;
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  return {{"data.sequence_length", text(config.data.sequence_length)},
          {"model.expert_hidden", text(model.expert_hidden)},
          {"model.ffn_hidden", text(model.ffn_hidden)},
          {"model.head_dim", text(model.head_dim)},
          {"model.hidden", text(model.hidden)},
          {"model.num_experts", text(model.num_experts)},
          {"model.num_heads", text(model.num_heads)},
          {"model.num_kv_heads", text(model.num_kv_heads)},
          {"model.shared_expert_hidden", text(model.shared_expert_hidden)},
          {"router.payload", std::string(name_of(config.router.payload))},
          {"router.top_k", text(config.router.top_k)},
          {"run.device", std::string(name_of(config.run.device))},
          {"threads", text(shape.threads)},
          {"train.exact", config.train.exact ? "true" : "false"},
          {"train.micro_batch_size", text(config.train.micro_batch_size)},
          {"train.precision", std::string(name_of(config.train.precision))},
          {"vocabulary", text(shape.vocabulary)}};
}

RateBasis basis_of(const PartWork& work, const RunShape& shape, const Rates& rates) {
  if (work.amount == 0.0) return {};
  const bool own = rates.parts.contains(work.part);
  if (shape.num_ranks > 1 && communicates(work)) {
    if (work.unit == WorkUnit::sent && rates.network_given)
      return {RateSource::given, "--network, without waiting for slower ranks"};
    const std::string why = other_ranks(work, shape, rates.origin);
    if (!why.empty()) return {RateSource::assumed, why};
  }
  if (!own)
    return {RateSource::assumed, "not measured, but taken to run at the machine's limit ([parts])"};
  const std::string why = other_share(shape, rates.origin);
  if (!why.empty()) return {RateSource::assumed, why};
  return {};
}

std::vector<std::string> assumptions(const RunShape& shape, const Rates& rates,
                                     const std::map<std::string, std::string>& sizes) {
  const RatesOrigin& origin = rates.origin;
  std::vector<std::string> lines = lines_of_parts(shape, rates);
  if (origin.sizes.empty()) {
    lines.push_back("the rates do not say which sizes they were measured at ([measured])");
    return lines;
  }
  std::vector<std::string> others;
  for (const auto& [key, value] : sizes) {
    const auto then = origin.sizes.find(key);
    if (then != origin.sizes.end() && then->second != value)
      others.push_back(fmt::format("{} = {} (here {})", key, then->second, value));
  }
  if (!others.empty()) {
    lines.push_back(fmt::format("the rates were measured at other sizes, which may change them: {}",
                                fmt::join(others, ", ")));
  }
  return lines;
}

}  // namespace switchyard::plan
