#include "launch/hugging_face/family_traits.h"

#include <cstddef>

namespace switchyard::hub {
namespace {

using Traits = FamilyTraits;

// In the order of Family.
constexpr std::array<Traits, names_of<Family>.size()> all_traits = {{
    {.architecture = "MixtralForCausalLM",
     .gates = Traits::Gates::topk_softmax,
     .windows = Traits::Windows::everywhere,
     .rope_base = 1e6F,
     .num_experts = "num_local_experts",
     .expert_hidden = "intermediate_size"},
    {.architecture = "Qwen2MoeForCausalLM",
     .dense = Traits::Dense::any,
     .shared = Traits::Shared::gated,
     .biases = Traits::Biases::qkv,
     .windows = Traits::Windows::by_layer},
    {.architecture = "Qwen3MoeForCausalLM",
     .dense = Traits::Dense::any,
     .qk_norm = QkNorm::head,
     .biases = Traits::Biases::all,
     .windows = Traits::Windows::everywhere},
    {.architecture = "OlmoeForCausalLM",
     .qk_norm = QkNorm::projection,
     .biases = Traits::Biases::all,
     .expert_hidden = "intermediate_size"},
    {.architecture = "Qwen3ForCausalLM",
     .dense = Traits::Dense::all,
     .qk_norm = QkNorm::head,
     .biases = Traits::Biases::all,
     .windows = Traits::Windows::by_layer},
    {.architecture = "LlamaForCausalLM",
     .dense = Traits::Dense::all,
     .biases = Traits::Biases::all},
    {.architecture = "Olmo2ForCausalLM",
     .dense = Traits::Dense::all,
     .qk_norm = QkNorm::projection,
     .norm_placement = NormPlacement::after,
     .biases = Traits::Biases::all},
    {.architecture = "Dots1ForCausalLM",
     .dense = Traits::Dense::first,
     .gates = Traits::Gates::sigmoid,
     .shared = Traits::Shared::plain,
     .qk_norm = QkNorm::head,
     .biases = Traits::Biases::all,
     .windows = Traits::Windows::by_layer,
     .num_experts = "n_routed_experts"},
}};

}  // namespace

const FamilyTraits& traits_of(Family family) {
  return all_traits[static_cast<std::size_t>(family)];
}

}  // namespace switchyard::hub
