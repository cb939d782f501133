// The model families of Hugging Face's transformers that can express a model of ours, by their
// model_type.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "launch/config/config.h"
#include "launch/hugging_face/family_traits.h"
#include "launch/hugging_face/hub_layout.h"

namespace switchyard::hub {

// How experts are stored: one tensor for each matrix of each expert, or those of a layer stacked as
// transformers 5 keeps them in memory.
enum class ExpertNames : std::uint8_t { original, fused };

// Why a family cannot express the model, naming the key; empty if it can.
std::string misfit(Family family, const Config& config);
// The first family that expresses the model, and otherwise what each lacks.
std::optional<Family> family_of(const Config& config);
std::string misfits(const Config& config);
// One line: the family's name, or "no family: " and the misfits.
std::string exported_as(const Config& config);

// Every tensor of the model in the family's files, in their order. vocabulary: rows of the table.
// names: of the experts of a layer. Requires: no misfit.
Layout layout_of(Family family, const Config& config, std::int64_t vocabulary,
                 const std::function<ExpertNames(int layer)>& names);
Layout layout_of(Family family, const Config& config, std::int64_t vocabulary, ExpertNames names);
// How the names of the layer's stacked experts begin: "model.layers.3.mlp.experts.", and
// "gate_up_proj" or "down_proj".
std::string fused_experts(int layer);

// What config.json says beside the config.
struct HubFacts {
  std::int64_t vocabulary = 0;      // rows of the table
  std::int64_t max_positions = 0;   // tokens that the model may read at once
  nlohmann::ordered_json bos, eos;  // the tokens that start and end a text
  std::string dtype;                // of the weights, as PyTorch calls it
};

// The text of config.json. Requires: no misfit.
nlohmann::ordered_json config_json(Family family, const Config& config, const HubFacts& facts);

}  // namespace switchyard::hub
