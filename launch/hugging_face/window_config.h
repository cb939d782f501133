// The attention window of a model in config.json.
#pragma once

#include <nlohmann/json.hpp>

#include "launch/hugging_face/family_traits.h"
#include "launch/hugging_face/hub_fields.h"
#include "model/config.h"

namespace switchyard::hub {

// Requires: the family has the model's window.
void add_window(Family family, const ModelConfig& model, nlohmann::ordered_json& json);

// Errors: Exit::data for layers that no model of ours has, or that versions of transformers read
// differently, and as HubFields.
void read_window(HubFields& fields, Family family, ModelConfig& model);

}  // namespace switchyard::hub
