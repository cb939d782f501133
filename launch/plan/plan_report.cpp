#include "launch/plan/plan_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/text/byte_size.h"
#include "launch/host/counted.h"

namespace switchyard::plan {
namespace {

std::string gigabytes(double bytes) { return fmt::format("{:.4f}", 1e-9 * bytes); }

// Returns the measurement, if there is one, and how far the prediction is from it.
std::string beside(const std::string& measured, double predicted, double reference) {
  if (reference <= 0.0) return "";
  return fmt::format("{:>12} {:>+8.1f} %", measured, 100.0 * (predicted / reference - 1.0));
}

std::string header(const RunPlan& plan) {
  const RunShape& shape = plan.shape;
  return fmt::format(
      "{}, {} per node, {} each; experts over {}, {}\n"
      "{:.4g} parameters, of which a rank holds {:.4g}; {:.4g} FLOPs per token of training\n"
      "a step: {} tokens, {} of {} tokens on the busiest rank\n",
      counted(shape.num_ranks, "rank"), shape.ranks_per_node, counted(shape.threads, "thread"),
      counted(shape.expert_degree, "rank"), counted(shape.num_replicas(), "replica"),
      static_cast<double>(shape.total_elements()),
      static_cast<double>(shape.dense_elements() + shape.expert_elements()),
      training_flops_per_token(shape), shape.step_tokens, counted(shape.rounds, "micro-batch"),
      shape.micro_batch_tokens);
}

std::string memory_table(const RunPlan& plan, const std::optional<Profile>& measured) {
  std::string text =
      fmt::format("\n{:<18} {:>12}{}\n", "memory per rank", "GB",
                  measured ? fmt::format(" {:>12} {:>10}", "measured", "off by") : "");
  const auto line = [&](const std::string& name, double bytes, double reference) {
    text += fmt::format("{:<18} {:>12} {}\n", name, gigabytes(bytes),
                        beside(gigabytes(reference), bytes, reference));
  };
  std::int64_t planned = 0;
  // A run counts its own buffers; the rest of its process cannot be attributed.
  for (const MemoryKind& kind : plan.memory) {
    const bool counted = measured && kind.name == "activations";
    if (counted) planned = kind.bytes;
    line(kind.name, static_cast<double>(kind.bytes),
         counted ? static_cast<double>(measured->activation_bytes) : 0.0);
  }
  line("together", static_cast<double>(total_bytes(plan.memory)),
       measured ? static_cast<double>(measured->memory_bytes) : 0.0);
  if (measured && measured->activation_bytes > planned)
    text += fmt::format(
        "The run's activations grew: a micro-batch had more rows than train.load_factor = {} "
        "allows "
        "for.\n",
        plan.shape.load_factor);
  return text;
}

double measured_seconds(const std::string& part, const std::optional<Profile>& measured) {
  if (!measured) return 0.0;
  const auto found = std::find_if(measured->parts.begin(), measured->parts.end(),
                                  [&](const PartProfile& each) { return each.part == part; });
  return found == measured->parts.end() ? 0.0 : found->seconds;
}

std::string time_table(const RunPlan& plan, const std::optional<Profile>& measured) {
  std::string text =
      fmt::format("\n{:<12} {:>12} {:>15}{}\n", "a step", "seconds", "rate",
                  measured ? fmt::format(" {:>12} {:>10}", "measured", "off by") : "");
  for (const PartWork& work : plan.work) {
    const double seconds = seconds_for(work, plan.rates);
    const double reference = measured_seconds(work.part, measured);
    if (seconds == 0.0 && reference == 0.0) continue;
    text += fmt::format("{:<12} {:>12.4f} {:>15} {}\n", work.part, seconds,
                        seconds > 0.0 ? rate_text(work.unit, work.amount / seconds) : "",
                        beside(fmt::format("{:.4f}", reference), seconds, reference));
  }
  const double reference = measured ? measured->step_seconds : 0.0;
  text += fmt::format("{:<12} {:>12.4f} {:>15} {}\n", "together", plan.step_seconds(), "",
                      beside(fmt::format("{:.4f}", reference), plan.step_seconds(), reference));
  return text;
}

}  // namespace

double RunPlan::step_seconds() const {
  double seconds = 0.0;
  for (const PartWork& part : work) seconds += seconds_for(part, rates);
  return seconds;
}

RunPlan plan_run(const RunShape& shape, const Rates& rates) {
  return {shape, memory_plan(shape, program_bytes(rates)), step_work(shape), step_traffic(shape),
          rates};
}

std::string plan_report(const RunPlan& plan, const std::optional<Profile>& measured) {
  const auto text = [](double bytes) { return bytes_in_words(static_cast<std::int64_t>(bytes)); };
  return header(plan) + memory_table(plan, measured) +
         fmt::format("\na rank sends in a step: {} of rows, {} of gradients, {} of values\n",
                     text(plan.traffic.rows), text(plan.traffic.gradients),
                     text(plan.traffic.values)) +
         time_table(plan, measured) +
         fmt::format("{:.0f} tokens/s\n",
                     static_cast<double>(plan.shape.step_tokens) / plan.step_seconds());
}

nlohmann::json plan_json(const RunPlan& plan) {
  nlohmann::json memory, parts;
  for (const MemoryKind& kind : plan.memory) memory[kind.name] = kind.bytes;
  for (const PartWork& work : plan.work)
    parts[work.part] = {{"amount", work.amount}, {"seconds", seconds_for(work, plan.rates)}};
  return {{"ranks", plan.shape.num_ranks},
          {"ranks_per_node", plan.shape.ranks_per_node},
          {"threads", plan.shape.threads},
          {"expert_degree", plan.shape.expert_degree},
          {"parameters", plan.shape.total_elements()},
          {"flops_per_token", training_flops_per_token(plan.shape)},
          {"memory_bytes_per_rank", memory},
          {"total_bytes_per_rank", total_bytes(plan.memory)},
          {"sent_bytes_per_step",
           {{"rows", plan.traffic.rows},
            {"gradients", plan.traffic.gradients},
            {"values", plan.traffic.values}}},
          {"parts", parts},
          {"step_seconds", plan.step_seconds()}};
}

}  // namespace switchyard::plan
