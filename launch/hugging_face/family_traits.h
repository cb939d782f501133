// What the models of a family of Hugging Face's transformers have in common: what decides whether a
// family expresses a model of ours, and how its files name things.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/config.h"
#include "runtime/names.h"

namespace switchyard::hub {

enum class Family : std::uint8_t {
  mixtral,
  qwen2_moe,
  qwen3_moe,
  olmoe,
  qwen3,
  llama,
  olmo2,
  dots1
};

}  // namespace switchyard::hub

namespace switchyard {
template <>
inline constexpr std::array<std::string_view, 8> names_of<hub::Family> = {
    "mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "qwen3", "llama", "olmo2", "dots1"};
}  // namespace switchyard

namespace switchyard::hub {

struct FamilyTraits {
  enum class Dense : std::uint8_t { none, any, first, all };           // layers without experts
  enum class Gates : std::uint8_t { topk_softmax, softmax, sigmoid };  // softmax: either order
  enum class Shared : std::uint8_t { none, gated, plain };             // the expert of every token
  enum class Biases : std::uint8_t { none, qkv, all };  // that a model may have; all: with o's
  enum class Windows : std::uint8_t { none, everywhere, by_layer };  // that a model may have

  std::string_view architecture;  // the class of transformers
  Dense dense = Dense::none;
  Gates gates = Gates::softmax;
  Shared shared = Shared::none;
  QkNorm qk_norm = QkNorm::none;
  NormPlacement norm_placement = NormPlacement::before;
  Biases biases = Biases::none;
  Windows windows = Windows::none;
  float rope_base = 10000.0F;  // where config.json says none
  // Keys of config.json.
  std::string_view num_experts = "num_experts", expert_hidden = "moe_intermediate_size";
};

const FamilyTraits& traits_of(Family family);

}  // namespace switchyard::hub
