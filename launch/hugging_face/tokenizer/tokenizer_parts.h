// Parts that every tokenizer.json has.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::hub {

// An entry of added_tokens.
inline nlohmann::ordered_json special_token(std::int32_t id, const std::string& text) {
  return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

// The post-processor that puts the boundary before a text, as it is before a document in training.
inline nlohmann::ordered_json boundary_first(std::int32_t boundary, const std::string& text) {
  using Json = nlohmann::ordered_json;
  const Json token = {{"SpecialToken", {{"id", text}, {"type_id", 0}}}};
  const auto sequence = [](const char* id, int type) {
    return Json{{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  const Json described = {{"id", text}, {"ids", {boundary}}, {"tokens", {text}}};
  return {{"type", "TemplateProcessing"},
          {"single", {token, sequence("A", 0)}},
          {"pair", {token, sequence("A", 0), sequence("B", 1)}},
          {"special_tokens", {{text, described}}}};
}

}  // namespace switchyard::hub
