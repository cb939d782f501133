#include "io/checkpoint/run_line.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "io/files/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_record = 1 << 16;
constexpr CheckpointId before_all{-1, 0};  // means a start from step 0

}  // namespace

RunLine::RunLine(const fs::path& run_directory) {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(run_directory / "attempts", missing)) {
    if (entry.path().extension() != ".json") continue;
    try {
      const auto record = nlohmann::json::parse(durable::read_file(entry.path(), largest_record));
      const auto from = record.at("resumed_from").get<std::string>();
      const auto id = from.empty() ? before_all : parse_checkpoint_folder_name(from);
      if (id) resumptions_.push_back({record.at("number").get<int>(), *id});
    } catch (const nlohmann::json::exception&) {
      continue;  // a torn record
    }
  }
}

std::optional<int> RunLine::superseded_by(CheckpointId checkpoint) const {
  for (const Resumption& later : resumptions_) {
    if (later.attempt > checkpoint.attempt && later.from < checkpoint) return later.attempt;
  }
  return std::nullopt;
}

}  // namespace switchyard
