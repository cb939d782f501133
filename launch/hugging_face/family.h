// The model families of Hugging Face's transformers that can express a model of ours, by their
// model_type: mixtral, qwen3_moe, qwen3, llama and dots1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/config/config.h"
#include "launch/hugging_face/hub_layout.h"
#include "runtime/names.h"

namespace switchyard::hub {

enum class Family : std::uint8_t { mixtral, qwen3_moe, qwen3, llama, dots1 };

}  // namespace switchyard::hub

namespace switchyard {
template <>
inline constexpr std::array<std::string_view, 5> names_of<hub::Family> = {
    "mixtral", "qwen3_moe", "qwen3", "llama", "dots1"};
}  // namespace switchyard

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

// Every tensor of the model in the family's files, in their order. Requires: no misfit.
Layout layout_of(Family family, const Config& config, std::int64_t vocabulary, ExpertNames names);

// The keys of config.json. boundary: the token that starts a document.
nlohmann::ordered_json config_json(Family family, const Config& config, std::int64_t vocabulary,
                                   std::int32_t boundary, const std::string& dtype);

}  // namespace switchyard::hub
