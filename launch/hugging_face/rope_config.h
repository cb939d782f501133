// The rotary positions of a model in config.json, under the keys of transformers 4 (rope_theta and
// rope_scaling) and 5 (rope_parameters).
#pragma once

#include <nlohmann/json.hpp>

#include "launch/hugging_face/hub_fields.h"
#include "model/config.h"

namespace switchyard::hub {

void add_rope(const ModelConfig& model, nlohmann::ordered_json& json);

// default_base: what the family has where no key says it. Errors: Exit::data for a kind of scaling
// that no model of ours has, for keys that contradict each other, and as HubFields.
void read_rope(HubFields& fields, float default_base, ModelConfig& model);

}  // namespace switchyard::hub
