// What goes into a package beside its weights, put together from files.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/registry/package.h"

namespace switchyard {

inline constexpr const char* card_name = "README.md";
inline constexpr const char* card_facts_name = "card.json";
inline constexpr const char* config_name = "config.toml";
inline constexpr const char* drift_profile_name = "drift.json";

// Errors: Exit::usage for a name that is no plain name of a folder.
void check_model_name(const std::string& name);

// name: of the model, for the card. files: results and profile, as far as there are any; `facts`
// says what they hold. Errors: Exit::data if the model's own files are damaged.
PackageContent package_content(const CheckpointReader& model, const std::string& name,
                               const nlohmann::ordered_json& facts, std::vector<NamedFile> files);

}  // namespace switchyard
