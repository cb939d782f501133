#include "launch/run/run_directory.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "io/files/durable.h"
#include "io/folder/json_fields.h"
#include "launch/machine/machine.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t max_json_bytes = 1 << 16;
constexpr std::int64_t max_steps = 1'000'000'000'000'000, max_attempts = 1 << 30;

// Returns null if there is no such file.
nlohmann::json read_json(const fs::path& file) {
  if (!fs::exists(file)) return nullptr;
  try {
    return nlohmann::json::parse(durable::read_file(file, max_json_bytes));
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "{} is damaged: {}", file.string(), error.what());
  }
}

void write_json(const fs::path& file, const nlohmann::ordered_json& json) {
  durable::replace_file(file, json.dump(2) + "\n");
}

}  // namespace

void RunDirectory::write_state(const RunState& state) const {
  nlohmann::json json = {
      {"status", state.status}, {"attempt", state.attempt},       {"step", state.step},
      {"steps", state.steps},   {"checkpoint", state.checkpoint}, {"problem", state.problem},
      {"updated", utc_now()}};
  if (state.stopped_early) json["stopped_early"] = true;
  if (state.best_step) json["best_step"] = *state.best_step;
  write_json(path_ / "state.json", json);
}

RunState RunDirectory::read_state() const {
  const nlohmann::json json = read_json(path_ / "state.json");
  if (json.is_null()) return {};
  const JsonFields state(json, "state", (path_ / "state.json").string());
  RunState read{state.text("status"),
                static_cast<int>(state.integer("attempt", 0, max_attempts)),
                state.integer("step", 0, max_steps),
                state.integer("steps", 0, max_steps),
                state.text("checkpoint"),
                state.text("problem")};
  read.stopped_early = state.has("stopped_early");
  if (state.has("best_step")) read.best_step = state.integer("best_step", 0, max_steps);
  return read;
}

void RunDirectory::note_incident(const std::string& what) const {
  try {
    if (!fs::exists(logs())) return;
    std::istringstream lines(utc_now() + " " + what);
    for (std::string line; std::getline(lines, line);) {
      durable::append_line(logs() / "incidents.log", line);
    }
  } catch (const Error&) {  // a full disk must not hide the error that is being reported
  }
}

Failures RunDirectory::read_failures() const {
  const nlohmann::json json = read_json(path_ / "failures.json");
  if (json.is_null()) return {};
  const JsonFields failures(json, "failures", (path_ / "failures.json").string());
  return {failures.integer("step", 0, max_steps),
          static_cast<int>(failures.integer("count", 0, max_attempts))};
}

void RunDirectory::write_failures(const Failures& failures) const {
  const fs::path file = path_ / "failures.json";
  if (failures.count == 0 && !fs::exists(file)) return;
  durable::make_folders(path_);
  write_json(file, {{"step", failures.step}, {"count", failures.count}});
}

}  // namespace switchyard
