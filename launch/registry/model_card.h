// The model card: what a reader needs to know of a model before it is used, in Markdown.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace switchyard {

// A function of the name and the facts (launch/registry/card_facts.h) alone.
std::string model_card(const std::string& name, const nlohmann::ordered_json& facts);

}  // namespace switchyard
