#include "launch/submit/run_status.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "io/text/amount.h"
#include "launch/run/attempts.h"
#include "launch/submit/submission.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
constexpr std::streamoff tail_bytes = 1 << 18;

// Returns the whole lines at the end of the file.
std::string tail_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in.seekg(0, std::ios::end)) return "";
  const std::streamoff size = in.tellg();
  const std::streamoff begin = std::max<std::streamoff>(0, size - tail_bytes);
  in.seekg(begin);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  return begin == 0 ? text : text.substr(std::min(text.find('\n') + 1, text.size()));
}

void take(const nlohmann::json& json, const char* name, std::optional<double>& value) {
  if (json.contains(name) && json[name].is_number()) value = json[name].get<double>();
}

// Lines from before they had a kind count steps from 0.
std::int64_t steps_done_of(const nlohmann::json& line) {
  return line.value("step", std::int64_t{-1}) + (line.contains("kind") ? 0 : 1);
}

// A line may be incomplete, or hold null for a number that was not finite.
void read_metrics(const fs::path& file, RunStatus& status) {
  std::istringstream lines(tail_of(file));
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    take(json, "loss", status.loss);
    take(json, "validation_loss", status.validation_loss);
    take(json, "tokens_per_second", status.tokens_per_second);
    if (json.contains("course") && json["course"].is_object())
      take(json["course"], "goodput", status.goodput);
    if (json.contains("loss")) status.steps_done = steps_done_of(json);
  }
}

class Table {
 public:
  explicit Table(int width) : width_(static_cast<std::size_t>(width)) {}
  void row(std::string_view name, const std::string& value) {
    if (!value.empty()) text_ += fmt::format("{:<12}{}", name, value).substr(0, width_) + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::size_t width_;
  std::string text_;
};

// A process that was killed could not say so.
std::string state_text(const RunStatus& status) {
  const std::string& said = status.state.status;
  if (said.empty()) return "not started";
  if (said != "running" || status.alive) return said;
  return "dead: its process ended without a word (killed, or the machine went down)";
}

std::string job_text(const RunStatus& status) {
  if (status.job.empty()) return "";
  if (!status.slurm) return fmt::format("{}, which Slurm no longer knows", status.job);
  return fmt::format("{} {} {}, time left {}", status.job, status.slurm->state,
                     status.slurm->reason, status.slurm->time_left);
}

}  // namespace

RunStatus run_status(const fs::path& run) {
  RunStatus status;
  status.run = run;
  const RunDirectory directory(run);
  const bool submitted = fs::exists(directory.submit() / "job.json");
  require(directory.used() || submitted, Exit::usage, "{} is not a run directory", run.string());
  status.state = directory.read_state();
  if (const std::optional<Attempt> attempt = newest_attempt(run)) {
    status.attempts = attempt->number;
    status.alive = is_alive(run, *attempt, ClockOf::this_machine);
  }
  read_metrics(directory.metrics_file(), status);
  if (submitted) {
    status.job = submitted_job(run);
    status.slurm = job_status(status.job);
  }
  return status;
}

bool is_under_way(const RunStatus& status) {
  const bool queued =
      status.slurm && (status.slurm->state == "PENDING" || status.slurm->state == "RUNNING");
  return queued || (status.state.status == "running" && status.alive);
}

nlohmann::ordered_json status_json(const RunStatus& status) {
  const RunState& state = status.state;
  const auto text = [](const std::string& value) {
    return value.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  };
  const std::int64_t done = std::max(state.step, status.steps_done);
  const bool dead = state.status == "running" && !status.alive;
  nlohmann::ordered_json json = {{"run", status.run.string()},
                                 {"state", state.status.empty() ? "not started"
                                           : dead               ? "dead"
                                                                : state.status},
                                 {"problem", text(state.problem)},
                                 {"step", done},
                                 {"steps", state.steps},
                                 {"checkpoint", text(state.checkpoint)},
                                 {"attempts", status.attempts},
                                 {"loss", number(status.loss)},
                                 {"validation_loss", number(status.validation_loss)},
                                 {"tokens_per_second", number(status.tokens_per_second)},
                                 {"goodput", number(status.goodput)},
                                 {"job", text(status.job)},
                                 {"job_state", nullptr}};
  if (status.slurm) {
    json["job_state"] = status.slurm->state;
    json["job_reason"] = status.slurm->reason;
    json["job_time_left"] = status.slurm->time_left;
  }
  return json;
}

std::string status_text(const RunStatus& status, int width) {
  const RunState& state = status.state;
  const std::int64_t done = std::max(state.step, status.steps_done);
  Table table(width);
  table.row("run", status.run.string());
  table.row("job", job_text(status));
  table.row("state", state_text(status));
  table.row("problem", state.problem);
  if (!state.status.empty()) {
    table.row("step", fmt::format("{} of {}", done, state.steps));
    table.row("checkpoint", state.checkpoint.empty() ? "none yet" : state.checkpoint);
    table.row("attempts", fmt::format("{}", status.attempts));
  }
  if (status.loss) table.row("loss", fmt::format("{:.4f}", *status.loss));
  if (status.validation_loss)
    table.row("validation", fmt::format("{:.4f}", *status.validation_loss));
  if (status.tokens_per_second) table.row("tokens/s", amount_in_words(*status.tokens_per_second));
  if (status.goodput) table.row("goodput", fmt::format("{:.1f} %", 100 * *status.goodput));
  return table.text();
}

}  // namespace switchyard
