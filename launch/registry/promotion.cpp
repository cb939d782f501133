#include "launch/registry/promotion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* results_kind = "results";
constexpr int results_version = 1;
constexpr const char* results_name = "results.json";
constexpr std::int64_t largest_file = std::int64_t{1} << 32;

bool holds(const CheckpointReader& model, const char* name) {
  return std::ranges::find(model.files(), name, &FileEntry::name) != model.files().end();
}

Json parsed(const std::string& text, const fs::path& file) {
  Json json = Json::parse(text, nullptr, false);
  require(json.is_object() && json.contains("gates") && json["gates"].is_array(), Exit::data,
          "{} does not hold the results of a suite", file.string());
  return json;
}

// A gate that the version's own evaluation could not decide is not passed.
std::string refusal_of(const std::vector<std::string>& failed, bool any) {
  if (!any) return "its suite has no gate, and a version without gates is not promoted";
  if (failed.empty()) return "";
  return fmt::format("the gate{} {} {} not passed", failed.size() > 1 ? "s" : "",
                     fmt::join(failed, ", "), failed.size() > 1 ? "are" : "is");
}

}  // namespace

std::vector<NamedFile> results_files(const fs::path& folder, const CheckpointReader& model,
                                     Json& facts) {
  std::vector<NamedFile> files;
  for (const FileEntry& file : open_folder(folder, results_kind, results_version).files) {
    check_every_byte(folder, file);
    files.push_back({file.name, durable::read_file(folder / file.name, largest_file)});
  }
  const auto found = std::ranges::find(files, results_name, &NamedFile::name);
  require(found != files.end(), Exit::data, "{} holds no {}", folder.string(), results_name);
  const Json results = parsed(found->bytes, folder / results_name);
  require(results.value("model", "") == model.digest(), Exit::data,
          "{} holds the results of another model (hash {}) than {} (hash {})", folder.string(),
          results.value("model", ""), model.folder().string(), model.digest());
  facts["results"] = results;
  return files;
}

Promotion judge_version(const Registry& registry, int version) {
  const CheckpointReader package(registry.folder_of(version));
  if (!holds(package, results_name)) return {{}, "it holds no results: publish it with --results"};
  const Json results = parsed(package.read_file(results_name), package.folder() / results_name);
  Promotion promotion;
  std::vector<std::string> failed;
  for (const Json& gate : results["gates"]) {
    const std::string name = gate.value("figure", "") + " " + gate.value("condition", "");
    const std::string verdict = gate.value("verdict", "");
    promotion.gates.push_back(
        fmt::format("gate {}: {}: {}", name, verdict, gate.value("reason", "")));
    if (verdict != "passed") failed.push_back(name);
  }
  promotion.refusal = refusal_of(failed, !promotion.gates.empty());
  return promotion;
}

}  // namespace switchyard
