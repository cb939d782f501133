// Reads the config.json of a model of Hugging Face's transformers.
#pragma once

#include <cstdint>
#include <string>

#include "launch/config/config.h"
#include "launch/hugging_face/family.h"

namespace switchyard::hub {

struct HubModel {
  Family family{};
  Config config;                    // of model, router and data.sequence_length
  std::int64_t vocabulary = 0;      // rows of the table
  std::int64_t max_positions = 0;   // tokens that the model may read at once
  nlohmann::ordered_json bos, eos;  // as config.json has them; null: absent
};

// text: of config.json. file: how errors name it. Every key must be known: it says what the model
// computes, or has the only value that this program computes, or makes no difference.
// sequence_length: of the config; 0: what the model allows, and at most 4096. Errors: Exit::data,
// naming the key.
HubModel read_hub_config(const std::string& text, const std::string& file,
                         std::int64_t sequence_length = 0);

}  // namespace switchyard::hub
