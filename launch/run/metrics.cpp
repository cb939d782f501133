#include "launch/run/metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

// The library prints a number that is not finite as null; this adds the names of those in `object`.
Json with_not_finite(Json object) {
  Json names = Json::array();
  for (const auto& [name, value] : object.items()) {
    if (value.is_number_float() && !std::isfinite(value.get<double>())) names.push_back(name);
  }
  if (!names.empty()) object["not_finite"] = std::move(names);
  return object;
}

template <class Part, class ToJson>
Json list_of(const std::vector<Part>& parts, ToJson to_json) {
  Json list = Json::array();
  for (const Part& part : parts) list.push_back(with_not_finite(to_json(part)));
  return list;
}

// A time that prints with at most three decimals.
double to_milliseconds(double seconds) { return std::round(seconds * 1e3) / 1e3; }

Json layer_object(const LayerLoad& load) {
  return {{"layer", load.layer},     {"max_over_mean", load.max_over_mean},
          {"entropy", load.entropy}, {"dead_experts", load.dead_experts},
          {"dropped", load.dropped}, {"percentiles", load.percentiles},
          {"hottest", load.hottest}};
}

Json parts_object(const StepTimes& times) {
  Json parts = Json::object();
  for (const auto& [part, seconds] : times.parts) parts[part] = seconds;
  return parts;
}

Json busy_object(const StepTimes& times) {
  return {{"least", times.busy_least},
          {"median", times.busy_median},
          {"most", times.busy_most},
          {"rank", times.busiest_rank}};
}

Json exchange_object(const StepReport& report, const StepTimes& times, int num_ranks) {
  return {{"own_rank", report.exchanged.own_rank},
          {"own_node", report.exchanged.own_node},
          {"other_nodes", report.exchanged.other_nodes},
          {"bytes_per_second", exchange_bandwidth(report, times, num_ranks)}};
}

Json course_object(const StepReport& report, int num_ranks, const StepCourse& course) {
  Json object = {{"time", to_milliseconds(course.time)},
                 {"seconds", report.seconds},
                 {"ranks", num_ranks},
                 {"goodput", course.goodput},
                 {"parts", with_not_finite(parts_object(course.times))},
                 {"busy", with_not_finite(busy_object(course.times))},
                 {"exchange", with_not_finite(exchange_object(report, course.times, num_ranks))}};
  if (report.guests.before > 0.0)
    object["guests"] = {{"copies", report.guests.copies},
                        {"balance_before", report.guests.before},
                        {"balance", report.guests.after}};
  if (course.energy.joules > 0.0) object["energy"] = json_of(course.energy);
  return object;
}

Json change_object(const PlacementChange& change) {
  return {{"layer", change.layer},
          {"moved", change.moved},
          {"max_over_mean_before", change.before},
          {"max_over_mean_after", change.after}};
}

std::string line_of(const char* kind, int attempt, std::int64_t steps_done, const Json& fields) {
  Json line = {{"kind", kind}, {"attempt", attempt}, {"step", steps_done}};
  line.update(fields);
  return with_not_finite(std::move(line)).dump();
}

const char* kind_of(StepOutcome outcome) {
  if (outcome == StepOutcome::repeated) return "repeat";
  return outcome == StepOutcome::skipped ? "skip" : name_of(outcome);
}

}  // namespace

double exchange_bandwidth(const StepReport& report, const StepTimes& times, int num_ranks) {
  const double seconds = times.of("exchange");
  const auto bytes = static_cast<double>(report.exchanged.own_node + report.exchanged.other_nodes);
  return seconds > 0.0 ? bytes / num_ranks / seconds : 0.0;
}

std::string metrics_line(int attempt, int num_ranks, const StepReport& report,
                         const StepCourse& course) {
  Json fields = {{"loss", report.loss},
                 {"gradient_norm", report.gradient_norm},
                 {"learning_rate", report.learning_rate},
                 {"tokens", report.tokens},
                 {"tokens_per_second", static_cast<double>(report.tokens) / report.seconds},
                 {"max_over_mean", worst_max_over_mean(report.layers)},
                 {"balance_loss", report.balance_loss},
                 {"z_loss", report.z_loss}};
  if (!report.mtp_loss.empty()) fields["mtp_loss"] = report.mtp_loss;
  fields["layers"] = list_of(report.layers, layer_object);
  fields["course"] = with_not_finite(course_object(report, num_ranks, course));
  if (report.batch >= 0 && report.batch != report.step) fields["batch"] = report.batch + 1;
  return line_of("step", attempt, report.step + 1, fields);
}

std::string experts_line(int attempt, const StepReport& report) {
  const auto counts = [](const LayerLoad& load) {
    return Json{{"layer", load.layer}, {"counts", load.counts}};
  };
  return line_of("experts", attempt, report.step + 1, {{"layers", list_of(report.layers, counts)}});
}

std::string placement_line(int attempt, const PlacementReport& report) {
  return line_of(
      "placement", attempt, report.steps_done,
      {{"seconds", report.seconds}, {"placement", list_of(report.layers, change_object)}});
}

std::string islands_line(int attempt, const IslandReport& report) {
  const auto figures = [](const IslandFigures& island) {
    return Json{{"loss", island.loss},
                {"distance", island.distance},
                {"not_finite", island.not_finite},
                {"skipped", island.skipped}};
  };
  return line_of("islands", attempt, report.steps_done,
                 {{"fragment", report.fragment},
                  {"moved", report.moved},
                  {"bytes", report.bytes},
                  {"waited", report.waited},
                  {"islands", list_of(report.islands, figures)},
                  {"drifting", drifting_islands(report)}});
}

std::string validation_line(int attempt, std::int64_t steps_done, const Evaluation& evaluation) {
  Json fields = {{"validation_loss", evaluation.loss}};
  for (const SourceLoss& source : evaluation.sources) {
    if (evaluation.sources.size() > 1) fields["loss_of_sources"][source.source] = source.loss;
  }
  return line_of("validation", attempt, steps_done, fields);
}

std::string guard_line(int attempt, const StepReport& report) {
  return line_of(
      kind_of(report.outcome), attempt, report.step + 1,
      {{"guard", name_of(report.outcome)}, {"problem", report.problem}, {"rows", report.sources}});
}

std::string checkpoint_line(int attempt, const SavedCheckpoint& saved) {
  return line_of("save", attempt, saved.step,
                 {{"time", to_milliseconds(saved.time)},
                  {"checkpoint", saved.name},
                  {"save_seconds", saved.seconds}});
}

}  // namespace switchyard
