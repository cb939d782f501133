// Profile: how a model behaves on a few fixed texts, and fingerprints of its experts: enough to
// notice that a model is not what it was, and to say what became of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/suites/suite_model.h"

namespace switchyard::suites {

struct LayerProfile {
  std::vector<std::int64_t> load{};    // choices of each expert over the texts
  std::vector<std::string> experts{};  // a hash of each expert's tensors
  std::vector<std::string> router{};   // a hash of each row
  bool operator==(const LayerProfile&) const = default;
};

struct Profile {
  std::string tokenizer;  // Tokenizer::hash
  std::int64_t vocabulary = 0;
  std::vector<double> losses{};                  // mean loss of each text, in nats per token
  std::map<std::string, LayerProfile> layers{};  // of mixture-of-experts layers: "layer1"
  bool operator==(const Profile&) const = default;
};

// Collective; every rank returns the same. Errors: agreed; as SuiteModel::score and
// CheckpointReader's.
Profile profile_of(SuiteModel& model);

nlohmann::ordered_json json_of(const Profile& profile);
// Errors: Exit::data naming `where` for a text that is no profile.
Profile parse_profile(const std::string& text, const std::string& where);
// From a file, or profile.json of a folder. Errors: Exit::usage if there is none.
Profile read_profile(const std::filesystem::path& path);

// What is not as it was, in sentences, the cause before its effects; nothing if all is. Losses may
// differ by a thousandth and loads by a fiftieth of the choices: other machines round otherwise.
std::vector<std::string> differences(const Profile& now, const Profile& then);

// The texts of profiles: part of their meaning, so that they do not change.
const std::vector<std::string>& profile_texts();

}  // namespace switchyard::suites
