#include "launch/planning/plan_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/report/report_values.h"
#include "io/text/amount.h"
#include "io/text/byte_size.h"
#include "launch/host/counted.h"
#include "launch/plan/assumptions.h"

namespace switchyard::plan {
namespace {

std::string in_words(double bytes) { return bytes_in_words(static_cast<std::int64_t>(bytes)); }

// Returns the measurement, if there is one, and how far the prediction is from it.
std::string beside(const std::string& measured, double predicted, double reference) {
  if (reference <= 0.0) return "";
  return fmt::format("{:>12} {:>+8.1f} %", measured, 100.0 * (predicted / reference - 1.0));
}

std::string frozen_line(const RunShape& shape) {
  if (shape.frozen_elements() == 0) return "";
  return fmt::format("{} parameters are frozen: no gradients, no moments, no updates\n",
                     amount_in_words(static_cast<double>(shape.frozen_elements())));
}

std::string header(const RunPlan& plan) {
  const RunShape& shape = plan.shape;
  const auto parameters = [](std::int64_t elements) {
    return amount_in_words(static_cast<double>(elements));
  };
  const std::string experts =
      shape.num_moe_layers() == 0
          ? "no experts"
          : fmt::format("experts over {}, {}", counted(shape.expert_degree, "rank"),
                        counted(shape.num_replicas(), "replica"));
  return fmt::format(
      "{}{} on {}, {} per node, {} each; {}\n"
      "{} parameters, of which a rank holds {} and a token meets {}; {} per token of training\n{}"
      "a step: {} tokens, {} of {} tokens on the busiest rank\n"
      "learning rate: {}\n"
      "exports as: {}\n",
      shape.islands.count > 1
          ? fmt::format("one of {} islands, without their exchanges: ", shape.islands.count)
          : "",
      counted(shape.num_ranks, "rank"), counted(shape.num_nodes(), "node"), shape.ranks_per_node,
      counted(shape.threads, "thread"), experts, parameters(shape.total_elements()),
      parameters(shape.dense_elements() + shape.expert_elements()),
      parameters(shape.active_elements()),
      amount_in_words(training_flops_per_token(shape), "FLOPs"), frozen_line(shape),
      with_commas(shape.step_tokens), counted(shape.rounds, "micro-batch"),
      with_commas(shape.micro_batch_tokens), plan.schedule, plan.exports_as);
}

std::string memory_table(const RunPlan& plan, const std::optional<Profile>& measured) {
  std::string text =
      fmt::format("\n{:<18} {:>12}{}\n", "memory per rank", "",
                  measured ? fmt::format(" {:>12} {:>10}", "measured", "off by") : "");
  const auto line = [&](const std::string& name, double bytes, double reference) {
    text += fmt::format("{:<18} {:>12} {}\n", name, in_words(bytes),
                        beside(in_words(reference), bytes, reference));
  };
  std::int64_t planned = 0;
  // A run counts its own buffers; the rest of its process cannot be attributed.
  for (const MemoryKind& kind : plan.memory) {
    if (kind.bytes == 0) continue;
    const bool compared = measured && kind.name == "activations";
    if (compared) planned = kind.bytes;
    line(kind.name, static_cast<double>(kind.bytes),
         compared ? static_cast<double>(measured->activation_bytes) : 0.0);
  }
  line("together", static_cast<double>(total_bytes(plan.memory)),
       measured ? static_cast<double>(measured->memory_bytes) : 0.0);
  if (plan.shape.device == Device::Kind::cuda)
    line("of that on a GPU", static_cast<double>(gpu_bytes(plan.memory)), 0.0);
  line(fmt::format("a node, {}", counted(plan.shape.ranks_per_node, "rank")),
       static_cast<double>(plan.shape.ranks_per_node * host_bytes(plan.memory)), 0.0);
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
  bool any_assumed = false;
  for (const PartWork& work : plan.work) {
    const double seconds = seconds_for(work, plan.rates);
    const double reference = measured_seconds(work.part, measured);
    if (seconds == 0.0 && reference == 0.0) continue;
    const RateSource source = basis_of(work, plan.shape, plan.rates).source;
    any_assumed = any_assumed || source == RateSource::assumed;
    text += fmt::format("{:<12} {:>12.4f} {:>15} {}{}\n", work.part, seconds,
                        seconds > 0.0 ? rate_text(work.unit, work.amount / seconds) : "",
                        beside(fmt::format("{:.4f}", reference), seconds, reference),
                        source == RateSource::measured ? "" : fmt::format(" {}", name_of(source)));
  }
  const double reference = measured ? measured->step_seconds : 0.0;
  text += fmt::format("{:<12} {:>12.4f} {:>15} {}{}\n", "together", plan.step_seconds(), "",
                      beside(fmt::format("{:.4f}", reference), plan.step_seconds(), reference),
                      any_assumed ? " partly assumed" : "");
  return text;
}

std::string roofline_table(const RunPlan& plan) {
  const Roofline& roofline = *plan.roofline;
  std::string text = fmt::format("\n{:<18} {:>10} {:>15} {:>9}\n", "a step, predicted", "seconds",
                                 "limit", "share");
  for (const RooflineRow& row : roofline.rows) {
    if (row.amount == 0.0) continue;
    text += fmt::format("{:<18} {:>10.4f} {:>15} {:>7.0f} % {}\n", row.part, row.seconds(),
                        rate_text(row.unit, row.limit), 100.0 * row.share, row.why);
  }
  return text + fmt::format(
                    "{:<18} {:>10.4f}\n{} of the peak, {}, in the products of the model (MFU)\n"
                    "{} tokens/s\n"
                    "assumed: all of it. The limits are those of a data sheet, the shares were "
                    "estimated by reading the kernels (docs/cuda.md), nothing overlaps, and every "
                    "rank has the mean load; `switchyard train --profile` on such a GPU measures "
                    "a step\n",
                    "together", roofline.step_seconds(),
                    fmt::format("{:.1f} %", 100.0 * roofline.flops_share(plan.shape)),
                    rate_text(WorkUnit::flops, roofline.peak),
                    amount_in_words(static_cast<double>(plan.shape.job_tokens()) /
                                    roofline.step_seconds()));
}

std::string run_lines(const RunPlan& plan) {
  return fmt::format(
      "{} tokens/s\n"
      "the run: {} steps, {} tokens, {} and {:.1f} rank-hours without evaluations and "
      "checkpoints\n",
      amount_in_words(static_cast<double>(plan.shape.job_tokens()) / plan.step_seconds()),
      with_commas(plan.steps), amount_in_words(plan.run_tokens()),
      duration_in_words(plan.run_seconds()),
      plan.run_seconds() * plan.shape.islands.count * plan.shape.num_ranks / 3600);
}

}  // namespace

double RunPlan::step_seconds() const {
  double seconds = 0.0;
  for (const PartWork& part : work) seconds += seconds_for(part, rates);
  return seconds;
}

double RunPlan::run_seconds() const {
  return run_tokens() / static_cast<double>(shape.job_tokens()) * step_seconds();
}

double RunPlan::run_tokens() const {
  return static_cast<double>(run_sequences) * static_cast<double>(shape.sequence_length);
}

double RunPlan::rank_seconds_per_token() const {
  return step_seconds() * shape.num_ranks / static_cast<double>(shape.step_tokens);
}

RunPlan counted_plan(RunPlan plan) {
  plan.memory = memory_plan(plan.shape, program_bytes(plan.rates));
  plan.work = step_work(plan.shape);
  plan.traffic = step_traffic(plan.shape);
  return plan;
}

std::string plan_report(const RunPlan& plan, const std::optional<Profile>& measured) {
  std::string text =
      header(plan) + memory_table(plan, measured) +
      fmt::format("\na rank sends in a step: {} of rows, {} of gradients, {} of values\n",
                  in_words(plan.traffic.rows),
                  in_words(plan.traffic.gradients + plan.traffic.copies),
                  in_words(plan.traffic.values));
  if (plan.roofline) return text + roofline_table(plan);
  if (!plan.untimed.empty()) return text + fmt::format("\nno time: {}\n", plan.untimed);
  text += time_table(plan, measured) + run_lines(plan);
  for (const std::string& line : plan.assumptions) text += fmt::format("assumed: {}\n", line);
  return text;
}

namespace {

nlohmann::ordered_json part_json(const PartWork& work, const RunPlan& plan) {
  const RateBasis basis = basis_of(work, plan.shape, plan.rates);
  nlohmann::ordered_json part = {{"amount", work.amount},
                                 {"seconds", seconds_for(work, plan.rates)},
                                 {"rate", name_of(basis.source)},
                                 {"assumed", basis.source == RateSource::assumed}};
  if (!basis.why.empty()) part["why"] = basis.why;
  return part;
}

}  // namespace

nlohmann::ordered_json plan_json(const RunPlan& plan) {
  const RunShape& shape = plan.shape;
  nlohmann::ordered_json memory, parts;
  for (const MemoryKind& kind : plan.memory) memory[kind.name] = kind.bytes;
  nlohmann::ordered_json json = {{"ranks", shape.num_ranks},
                                 {"islands", shape.islands.count},
                                 {"nodes", shape.num_nodes()},
                                 {"ranks_per_node", shape.ranks_per_node},
                                 {"threads", shape.threads},
                                 {"device", name_of(shape.device)},
                                 {"expert_degree", shape.expert_degree},
                                 {"experts", shape.model.num_experts},
                                 {"parameters", shape.total_elements()},
                                 {"active_parameters", shape.active_elements()},
                                 {"frozen_parameters", shape.frozen_elements()},
                                 {"flops_per_token", training_flops_per_token(shape)},
                                 {"memory_bytes_per_rank", memory},
                                 {"total_bytes_per_rank", total_bytes(plan.memory)},
                                 {"gpu_bytes_per_rank", gpu_bytes(plan.memory)},
                                 {"bytes_per_node", shape.ranks_per_node * host_bytes(plan.memory)},
                                 {"sent_bytes_per_step",
                                  {{"rows", plan.traffic.rows},
                                   {"copies", plan.traffic.copies},
                                   {"gradients", plan.traffic.gradients},
                                   {"values", plan.traffic.values}}},
                                 {"steps", plan.steps},
                                 {"learning_rate", plan.schedule},
                                 {"tokens", plan.run_tokens()},
                                 {"hugging_face", plan.exports_as},
                                 {"assumptions", plan.assumptions}};
  if (plan.roofline) {
    for (const RooflineRow& row : plan.roofline->rows)
      parts[row.part] = {{"amount", row.amount}, {"seconds", row.seconds()}, {"limit", row.limit},
                         {"share", row.share},   {"rate", "assumed"},        {"why", row.why}};
    json["parts"] = parts;
    json["step_seconds"] = plan.roofline->step_seconds();
    json["mfu"] = plan.roofline->flops_share(shape);
    return json;
  }
  if (!plan.untimed.empty()) {
    json["untimed"] = plan.untimed;
    return json;
  }
  for (const PartWork& work : plan.work) parts[work.part] = part_json(work, plan);
  json["parts"] = parts;
  json["step_seconds"] = plan.step_seconds();
  json["run_seconds"] = plan.run_seconds();
  json["rank_seconds_per_token"] = plan.rank_seconds_per_token();
  return json;
}

}  // namespace switchyard::plan
