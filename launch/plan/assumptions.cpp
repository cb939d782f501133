#include "launch/plan/assumptions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "launch/host/counted.h"

namespace switchyard::plan {
namespace {

std::string network_line(const RunShape& shape, const RatesOrigin& origin) {
  const std::string measured =
      origin.ranks == 1
          ? "one rank, whose rate is that of its memory"
          : fmt::format("{} of {}", counted(origin.ranks, "rank"), counted(origin.nodes, "node"));
  return fmt::format(
      "the network was not measured: exchange, reduce and gather were measured on {}, and this run "
      "has {} on {}. Start plan on such nodes, or give the rate of a rank with --network",
      measured, counted(shape.num_ranks, "rank"), counted(shape.num_nodes(), "node"));
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

bool assumes_network(const RunShape& shape, const Rates& rates) {
  const RatesOrigin& origin = rates.origin;
  if (shape.num_ranks == 1 || origin.ranks == 0 || rates.network_given) return false;
  return origin.ranks == 1 || shape.num_nodes() > origin.nodes;
}

bool assumes_part(const std::string& part, const RunShape& shape, const Rates& rates) {
  return (part == "exchange" || part == "reduce" || part == "gather") &&
         assumes_network(shape, rates);
}

std::vector<std::string> assumptions(const RunShape& shape, const Rates& rates,
                                     const std::map<std::string, std::string>& sizes) {
  const RatesOrigin& origin = rates.origin;
  std::vector<std::string> lines;
  if (assumes_network(shape, rates)) lines.push_back(network_line(shape, origin));
  const int then_per_node = origin.nodes > 0 ? origin.ranks / origin.nodes : 0;
  if (then_per_node > 0 && then_per_node != shape.ranks_per_node) {
    lines.push_back(fmt::format(
        "the rates were measured with {} on a node, and this run has {}: the ranks of a node share "
        "its memory's bandwidth",
        counted(then_per_node, "rank"), shape.ranks_per_node));
  }
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
