// The facts of a model card: what files say of a model, as one JSON object. A package holds it as
// card.json, and its README.md has no other number.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"

namespace switchyard {

// {model: {parameters, active_parameters, ...}, training?: {steps, tokens, loss, validation_loss?,
// energy?}, lineage: of lineage_tree()}. training: of a checkpoint in a run directory, from its
// metrics as far as its step. Errors: Exit::data if the model's own files are damaged.
nlohmann::ordered_json card_facts(const CheckpointReader& model);

// The sources that the model was trained on and whose licence nobody stated: "web of data/corpus".
std::vector<std::string> unknown_licences(const nlohmann::ordered_json& facts);

}  // namespace switchyard
