"""rope_golden.py >tests/reference/rope_golden.h: scaled rotary frequencies as transformers computes them.

Needs transformers and torch from PyPI. The settings are those of released models.
"""

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

MODELS = {  # head_dim, base, scaling
    "llama_3_1": (128, 500000.0, {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}),
    "llama_3_2": (64, 500000.0, {
        "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}),
    "qwen3_yarn": (128, 1000000.0, {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}),
    "gpt_oss": (64, 150000.0, {
        "rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096,
        "truncate": False}),
    "deepseek_v3": (64, 10000.0, {
        "rope_type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096,
        "attention_factor": 1.0}),
}
OURS = {"factor": "factor", "low_freq_factor": "low_frequency_factor",
        "high_freq_factor": "high_frequency_factor",
        "original_max_position_embeddings": "original_length",
        "attention_factor": "attention_factor", "truncate": "truncate"}
ORDER = list(OURS.values())  # of the struct's fields


def scaling_text(scaling):
    fields = sorted((ORDER.index(OURS[key]), OURS[key], value) for key, value in scaling.items()
                    if key != "rope_type")
    return ", ".join([f".type = RopeType::{scaling['rope_type']}"]
                     + [f".{name} = {str(value).lower()}" for _, name, value in fields])


def lines(values, width=8):
    texts = [f"{value:.9g}" for value in values]
    return ",\n      ".join(", ".join(texts[i:i + width]) for i in range(0, len(texts), width))


print("""// Scaled rotary frequencies of released models as transformers computes them in f32. Written by
// tests/long/rope_golden.py.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"

namespace switchyard::reference {

struct RopeGolden {
  const char* model;
  std::int64_t head_dim;
  float base;
  RopeScaling scaling;
  double attention_factor;
  std::vector<double> frequencies;
};

// clang-format off
inline const std::vector<RopeGolden> rope_goldens = {""")
for name, (head_dim, base, scaling) in MODELS.items():
    config = LlamaConfig(hidden_size=4 * head_dim, num_attention_heads=4, head_dim=head_dim,
                         max_position_embeddings=131072,
                         rope_parameters={"rope_theta": base, **scaling})
    rates, factor = ROPE_INIT_FUNCTIONS[scaling["rope_type"]](config, "cpu")
    print(f"""    {{"{name}", {head_dim}, {base:.1f}F,
     {{{scaling_text(scaling)}}},
     {factor:.17g},
     {{{lines(rates.tolist())}}}}},""")
print("""};
// clang-format on

}  // namespace switchyard::reference""")
