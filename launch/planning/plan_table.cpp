#include "launch/planning/plan_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/text/amount.h"
#include "io/text/byte_size.h"
#include "launch/host/counted.h"

namespace switchyard::plan {
namespace {

// Cost and time are empty where there is no time.
std::string row(const RunPlan& plan, const RunPlan& first, std::int64_t node_bytes) {
  const RunShape& shape = plan.shape;
  const std::int64_t of_node = shape.ranks_per_node * host_bytes(plan.memory);
  std::string line = fmt::format("{:>8} {:>11} {:>9} {:>13} {:>12} {:>12}", shape.model.num_experts,
                                 amount_in_words(static_cast<double>(shape.total_elements())),
                                 amount_in_words(static_cast<double>(shape.active_elements())),
                                 amount_in_words(training_flops_per_token(shape)),
                                 bytes_in_words(total_bytes(plan.memory)), bytes_in_words(of_node));
  if (plan.untimed.empty()) {
    const double cost = plan.rank_seconds_per_token();
    line += fmt::format(
        " {:>10.4f} {:>10} {:>10.4g} {:>6} {:>8}", plan.step_seconds(),
        amount_in_words(static_cast<double>(shape.job_tokens()) / plan.step_seconds()), 1e6 * cost,
        first.untimed.empty() ? fmt::format("{:.2f}", cost / first.rank_seconds_per_token()) : "",
        duration_in_words(plan.run_seconds()));
  }
  return line + (node_bytes > 0 && of_node > node_bytes ? "  does not fit\n" : "\n");
}

// Each line once, with the plans that it is about.
std::string notes(const std::vector<RunPlan>& plans) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto note = [&](const std::string& line, int experts) {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&](const auto& each) { return each.first == line; });
    if (found == lines.end())
      lines.emplace_back(line, std::to_string(experts));
    else
      found->second += ", " + std::to_string(experts);
  };
  for (const RunPlan& plan : plans) {
    for (const std::string& line : plan.assumptions)
      note("assumed: " + line, plan.shape.model.num_experts);
    if (!plan.untimed.empty()) note("no time: " + plan.untimed, plan.shape.model.num_experts);
  }
  std::string text;
  for (const auto& [line, experts] : lines)
    text += fmt::format("with {} experts, {}\n", experts, line);
  return text;
}

}  // namespace

std::string plan_table(const std::vector<RunPlan>& plans, std::int64_t node_bytes) {
  const RunPlan& first = plans.front();
  std::string text = fmt::format(
      "{} on {}; the run: {} steps, {} tokens\n"
      "{:>8} {:>11} {:>9} {:>13} {:>12} {:>12} {:>10} {:>10} {:>10} {:>6} {:>8}\n",
      counted(first.shape.num_ranks, "rank"), counted(first.shape.num_nodes(), "node"), first.steps,
      amount_in_words(first.run_tokens()), "experts", "parameters", "active", "FLOPs/token",
      "rank memory", "node memory", "a step, s", "tokens/s", "cost", "x", "the run");
  for (const RunPlan& plan : plans) text += row(plan, first, node_bytes);
  return text + "cost: rank-seconds for a million tokens; x: relative to the first line\n" +
         notes(plans);
}

nlohmann::ordered_json table_json(const std::vector<RunPlan>& plans) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RunPlan& plan : plans) list.push_back(plan_json(plan));
  return {{"plans", list}};
}

}  // namespace switchyard::plan
