#include "launch/commands/checkpoint_rows.h"

#include <fmt/format.h>

#include <chrono>

#include "io/folder/manifest.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* row = "{:>9}  {:>7}  {:>9}  {:>10}  {:>11}  {:>5}  {:>7}  {}\n";

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// When the manifest was written, in seconds since 1970; null if nobody knows.
Json time_of(const fs::path& folder) {
  std::error_code error;
  const auto written = fs::last_write_time(folder / manifest_name, error);
  if (error) return nullptr;
  const auto age = fs::file_time_type::clock::now() - written;
  return seconds_now() - std::chrono::duration<double>(age).count();
}

Json loss_of(const CheckpointReader& reader, const char* key) {
  const auto found = reader.meta().find(key);
  return found != reader.meta().end() && found->is_number() ? Json(found->get<double>()) : Json();
}

const char* health_of(const CheckpointStatus& status) {
  if (status.superseded) return "superseded";
  if (status.problem.empty()) return "complete";
  return status.committed ? "damaged" : "unfinished";
}

Json describe(const CheckpointStatus& status) {
  Json described = {{"step", status.step},
                    {"attempt", status.attempt},
                    {"loss", nullptr},
                    {"validation_loss", nullptr},
                    {"bytes", nullptr},
                    {"ranks", nullptr},
                    {"written", time_of(status.folder)},
                    {"folder", status.folder.string()},
                    {"health", health_of(status)},
                    {"problem", status.problem}};
  try {
    if (!status.committed || (!status.problem.empty() && !status.superseded)) return described;
    const CheckpointReader reader(status.folder);
    described["loss"] = loss_of(reader, "loss");
    described["validation_loss"] = loss_of(reader, "validation_loss");
    described["bytes"] = reader.bytes();
    described["ranks"] = reader.num_ranks();
  } catch (const Error& error) {  // a superseded one may be damaged, too
    described["problem"] = error.what();
  }
  return described;
}

std::string age_text(const Json& written) {
  if (written.is_null()) return "-";
  const auto minutes = static_cast<std::int64_t>((seconds_now() - written.get<double>()) / 60.0);
  if (minutes >= 2 * 24 * 60) return fmt::format("{} d", minutes / (24 * 60));
  return minutes >= 120 ? fmt::format("{} h", minutes / 60) : fmt::format("{} min", minutes);
}

std::string loss_text(const Json& loss) {
  return loss.is_null() ? "-" : fmt::format("{:.4f}", loss.get<double>());
}

std::string health_text(const Json& one) {
  const auto health = one.at("health").get<std::string>();
  const std::string problem = terminal_text(one.at("problem").get<std::string>());
  if (health == "complete") return health;
  return health == "superseded" ? "superseded: " + problem : problem;
}

}  // namespace

Json describe_checkpoints(const std::vector<CheckpointStatus>& all) {
  Json described = Json::array();
  for (const CheckpointStatus& status : all) described.push_back(describe(status));
  return described;
}

std::string checkpoint_table(const Json& described) {
  std::string table = fmt::format(row, "step", "attempt", "loss", "validation", "size", "ranks",
                                  "age", "folder and health");
  for (const Json& one : described) {
    const Json &bytes = one.at("bytes"), &ranks = one.at("ranks");
    const std::string folder = fs::path(one.at("folder").get<std::string>()).filename().string();
    table +=
        fmt::format(row, one.at("step").get<std::int64_t>(), one.at("attempt").get<int>(),
                    loss_text(one.at("loss")), loss_text(one.at("validation_loss")),
                    bytes.is_null() ? "-" : bytes_in_words(bytes.get<std::int64_t>()),
                    ranks.is_null() ? "-" : std::to_string(ranks.get<std::int64_t>()),
                    age_text(one.at("written")), fmt::format("{}  {}", folder, health_text(one)));
  }
  return table;
}

}  // namespace switchyard
