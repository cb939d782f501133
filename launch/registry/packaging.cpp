#include "launch/registry/packaging.h"

#include <algorithm>
#include <cctype>

#include "launch/registry/model_card.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lineage.h"
#include "runtime/error.h"

namespace switchyard {

void check_model_name(const std::string& name) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  require(!name.empty() && name.size() <= 100 && name[0] != '.' && std::ranges::all_of(name, plain),
          Exit::usage,
          "the name '{}' must be at most 100 letters, digits, '-', '_' and '.', and may not begin "
          "with a dot",
          name);
}

PackageContent package_content(const CheckpointReader& model, const std::string& name,
                               const nlohmann::ordered_json& facts, std::vector<NamedFile> files) {
  RunDescription described = describe_model(config_of(model), *tokenizer_of(model));
  PackageContent content{std::move(described.meta), std::move(described.files)};
  const CheckpointReader* parents[] = {&model};
  content.meta["lineage"] = lineage_of(parents);
  content.files.push_back({config_name, content.meta["config"].get<std::string>()});
  content.files.push_back({card_facts_name, facts.dump(1) + "\n"});
  content.files.push_back({card_name, model_card(name, facts)});
  std::ranges::move(files, std::back_inserter(content.files));
  return content;
}

}  // namespace switchyard
