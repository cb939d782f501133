#include "launch/run/run_directory.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "io/files/durable.h"
#include "launch/host/machine.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t max_json_bytes = 1 << 16;

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
  write_json(path_ / "state.json", {{"status", state.status},
                                    {"attempt", state.attempt},
                                    {"step", state.step},
                                    {"steps", state.steps},
                                    {"checkpoint", state.checkpoint},
                                    {"problem", state.problem},
                                    {"updated", utc_now()}});
}

RunState RunDirectory::read_state() const {
  const nlohmann::json json = read_json(path_ / "state.json");
  if (json.is_null()) return {};
  try {
    return {json.at("status"), json.at("attempt"),    json.at("step"),
            json.at("steps"),  json.at("checkpoint"), json.at("problem")};
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "{}/state.json: {}", path_.string(), error.what());
  }
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
  return json.is_object() ? Failures{json.value("step", std::int64_t{0}), json.value("count", 0)}
                          : Failures{};
}

void RunDirectory::write_failures(const Failures& failures) const {
  const fs::path file = path_ / "failures.json";
  if (failures.count == 0 && !fs::exists(file)) return;
  durable::make_folders(path_);
  write_json(file, {{"step", failures.step}, {"count", failures.count}});
}

}  // namespace switchyard
