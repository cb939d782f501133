#include "launch/training/run_account.h"

#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "io/text/escape.h"
#include "launch/host/counted.h"

namespace switchyard {
namespace {

constexpr std::int64_t max_rows = 1'000'000'000'000'000'000;

}  // namespace

RunAccount::RunAccount(nlohmann::json description, int attempt, const TrainConfig& config,
                       std::filesystem::path checkpoint)
    : description_(std::move(description)),
      attempt_(attempt),
      num_steps_(config.steps),
      checkpoint_(std::move(checkpoint)),
      early_stop_(config.patience, config.min_improvement) {}

void RunAccount::load(const CheckpointReader& checkpoint) {
  steps_done_ = checkpoint.step();
  const JsonFields meta = checkpoint.fields();
  if (meta.has("step_seconds")) productive_seconds_ = meta.number("step_seconds", 0, 1e15);
  if (meta.has("loss")) losses_["loss"] = meta.number("loss", 0, 1e300);
  if (meta.has("validation_loss"))
    losses_["validation_loss"] = meta.number("validation_loss", 0, 1e300);
  if (meta.has("early_stop")) early_stop_.load(meta.object("early_stop"));
  if (meta.has("lineage")) note_lineage(checkpoint.meta().at("lineage"));
  if (!meta.has("left_out")) return;
  const JsonFields left_out = meta.object("left_out"), rows = left_out.object("rows");
  batches_left_out_ = left_out.integer("batches", 0, max_rows);
  for (const std::string& source : rows.names())
    rows_left_out_[source] = rows.integer(source.c_str(), 0, max_rows);
}

void RunAccount::note_step(const StepReport& report) {
  steps_done_ = report.step + 1;
  productive_seconds_ += report.seconds;
  if (changed_weights(report.outcome)) losses_ = {{"loss", report.loss}};
  if (report.outcome == StepOutcome::skipped) note_left_out(1, report.sources);
}

Judgement RunAccount::note_validation(double loss, bool sound) {
  losses_["validation_loss"] = loss;
  if (!early_stop_.active() || !sound) return {};
  const bool improved = early_stop_.note(steps_done_, loss);
  return {improved, early_stop_.stops()};
}

void RunAccount::note_left_out(std::int64_t batches, const SourceRows& rows) {
  batches_left_out_ += batches;
  for (const auto& [source, number] : rows) rows_left_out_[source] += number;
}

std::string RunAccount::left_out_text() const {
  if (batches_left_out_ == 0) return "";
  std::vector<std::string> sources;
  for (const auto& [source, number] : rows_left_out_)
    sources.push_back(fmt::format("{} of {}", counted(number, "row"), terminal_text(source)));
  return fmt::format("the guard left out {}: {}", counted(batches_left_out_, "batch"),
                     fmt::join(sources, ", "));
}

nlohmann::json RunAccount::meta(const nlohmann::json& trainer) const {
  nlohmann::json meta = description_;
  meta.update(losses_);
  meta["trainer"] = trainer;
  meta["step"] = steps_done_;
  meta["attempt"] = attempt_;
  meta["step_seconds"] = productive_seconds_;
  if (early_stop_.active()) meta["early_stop"] = early_stop_.state();
  if (batches_left_out_ > 0)
    meta["left_out"] = {{"batches", batches_left_out_}, {"rows", rows_left_out_}};
  return meta;
}

RunState RunAccount::state(const std::string& status, const std::string& problem) const {
  RunState state{status, attempt_, steps_done_, num_steps_, checkpoint_.filename().string(),
                 problem};
  state.stopped_early = status == "done" && early_stop_.stops() && steps_done_ < num_steps_;
  if (early_stop_.active() && early_stop_.best_step() >= 0)
    state.best_step = early_stop_.best_step();
  return state;
}

}  // namespace switchyard
