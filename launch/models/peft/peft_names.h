// How the files of PEFT name the adapters of our matrices.
#pragma once

#include <map>
#include <string>

#include "launch/config/config.h"
#include "launch/hugging_face/family.h"

namespace switchyard::models {

inline constexpr const char* adapter_config_name = "adapter_config.json";
inline constexpr const char* adapter_weights_name = "adapter_model.safetensors";

// A module of transformers that PEFT adapts.
struct PeftModule {
  std::string name;  // "model.layers.0.self_attn.q_proj"
  std::vector<std::int64_t> shape;
  std::string tensor(bool first) const {  // A or B
    return "base_model.model." + name + (first ? ".lora_A.weight" : ".lora_B.weight");
  }
};

// The family of a base without adapters, and the modules of its matrices by our names
// ("layer0.attention.q"): those of attention, and of experts or of the networks of a model without
// them. Errors: Exit::usage if no family expresses the model.
struct PeftNames {
  hub::Family family{};
  std::map<std::string, PeftModule> modules;
};
PeftNames peft_names(Config config, std::int64_t num_ids);

}  // namespace switchyard::models
