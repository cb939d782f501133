#include "io/prepare/unfinished_work.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "io/files/durable.h"
#include "io/folder/manifest.h"
#include "io/prepare/store/document_store.h"
#include "io/text/escape.h"
#include "io/tokens/token_store.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* work_file = "work.json";

json identity_of(const json& options, int generation, const Inputs& inputs) {
  json files = json::array(), stamps = json::array();
  for (const InputFile& file : inputs.files) {
    files.push_back(file.name());
    stamps.push_back(file.stamp);
  }
  return {{"options", options}, {"generation", generation}, {"files", files}, {"stamps", stamps}};
}

// The first file that is not as it was when the work `found` began; empty if that is work on other
// files or with other options.
std::string changed_file(json found, const json& identity) {
  if (!found.is_object()) return "";
  const json& now = identity.at("stamps");
  const json before = std::exchange(found["stamps"], now);
  if (found != identity || !before.is_array() || before.size() != now.size()) return "";
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (before[i] != now[i]) return identity.at("files").at(i).get<std::string>();
  }
  return "";
}

bool continues(const fs::path& folder, const json& identity, const Progress& progress) {
  std::error_code ignored;
  if (!fs::exists(folder / work_file, ignored)) return false;
  const std::string text = durable::read_file(folder / work_file, std::int64_t{1} << 30);
  if (text == canonical_text(identity)) return true;
  const json found = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const std::string changed = changed_file(found, identity);
  if (!changed.empty()) {
    progress({fmt::format("begin anew: {} changed since the work on it was interrupted",
                          terminal_text(changed)),
              "", 0, 0});
    return false;
  }
  require(found.is_object() && found.value("generation", -1) < identity.at("generation"),
          Exit::usage,
          "'{}' holds unfinished work on other inputs or with other options: run that command "
          "again to finish it, or remove '{}'",
          folder.parent_path().string(), folder.string());
  return false;
}

}  // namespace

void begin_work(const fs::path& output, const json& options, int generation, const Inputs& inputs,
                const Progress& progress) {
  const json identity = identity_of(options, generation, inputs);
  if (continues(output / work_folder, identity, progress)) return;
  durable::remove_tree(output / work_folder);
  for (const char* folder : {work_folder, documents_folder, tokens_folder}) {
    durable::make_folders(output / folder);
  }
  durable::replace_file(output / work_folder / work_file, canonical_text(identity));
}

}  // namespace switchyard::prepare
