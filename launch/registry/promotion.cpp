#include "launch/registry/promotion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "launch/suites/gate.h"
#include "launch/suites/results.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t largest_file = std::int64_t{1} << 32;

std::vector<suites::Gate> gates_of(const suites::Results& results, const fs::path& folder) {
  std::vector<suites::Gate> gates;
  for (const Json& gate : results.gates) {
    gates.push_back(suites::parse_gate(gate.value("figure", ""), gate.value("condition", ""),
                                       (folder / suites::results_file).string()));
  }
  return gates;
}

// The results of the version that is current now, if it is another one that has some.
std::optional<suites::Results> previous_of(const Registry& registry, int version) {
  const auto current = registry.current();
  if (!current || current->version.number == version) return std::nullopt;
  const fs::path folder = registry.folder_of(current->version.number);
  if (!suites::is_results(folder)) return std::nullopt;
  return suites::read_results(folder);
}

std::string refusal_of(const std::vector<suites::Judged>& judged) {
  if (judged.empty()) return "its suite has no gate, and a version without gates is not promoted";
  std::vector<std::string> failed;
  for (const suites::Judged& one : judged) {
    if (suites::says_no({one})) failed.push_back(one.key + " " + one.condition);
  }
  if (failed.empty()) return "";
  return fmt::format("the gate{} {} {} not passed", failed.size() > 1 ? "s" : "",
                     fmt::join(failed, ", "), failed.size() > 1 ? "are" : "is");
}

}  // namespace

std::vector<NamedFile> results_files(const fs::path& folder, const CheckpointReader& model,
                                     Json& facts) {
  const suites::Results results = suites::read_results(folder);
  require(results.model == model.digest(), Exit::data,
          "{} holds the results of another model (hash {}) than {} (hash {})", folder.string(),
          results.model, model.folder().string(), model.digest());
  std::vector<NamedFile> files;
  for (const char* name : {suites::cases_file, suites::profile_file, suites::results_file})
    files.push_back({name, durable::read_file(folder / name, largest_file)});
  facts["results"] = suites::json_of(results);
  return files;
}

Promotion judge_version(const Registry& registry, int version) {
  const fs::path folder = registry.folder_of(version);
  if (!suites::is_results(folder))
    return {{}, "it holds no results: publish it with --suite or --results"};
  const suites::Results results = suites::read_results(folder);
  const std::optional<suites::Results> previous = previous_of(registry, version);
  Promotion promotion;
  try {
    const std::vector<suites::Judged> judged =
        suites::judge(gates_of(results, folder), results, previous ? &*previous : nullptr);
    for (const suites::Judged& one : judged) {
      promotion.gates.push_back(fmt::format("gate {} {}: {}: {}", one.key, one.condition,
                                            name_of(one.verdict), one.reason));
    }
    promotion.refusal = refusal_of(judged);
  } catch (const Error& error) {  // the version before was judged by another suite
    promotion.refusal = error.what();
  }
  return promotion;
}

}  // namespace switchyard
