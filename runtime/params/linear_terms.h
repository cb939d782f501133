// LinearTerms: of which products of matrices a linear layer is the sum.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace switchyard {

// With W [out, in] of rank at most min(out, in), and r below it:
//   dense     W x
//   adapted   W x + scale B (A x): LoRA (Hu et al., arXiv:2106.09685). A [r, in] is "NAME.lora_a",
//             B [out, r] is "NAME.lora_b", which begins at 0.
//   low_rank  U (V x). V [r, in] is "NAME.v", U [out, r] is "NAME.u", and there is no W. They begin
//             as the best factors of a W as it would be drawn.
//   guided    a G x + (1 - a) U (V x): low_rank in its first steps (self-guided training, Wei et
//             al., arXiv:2407.09835). G [out, in] is "NAME.guide" and begins as U V; a is
//             Params::guide_share, and at a = 0 the layer computes U (V x) alone.
struct LinearTerms {
  enum class Kind : std::uint8_t { dense, adapted, low_rank, guided };
  Kind kind = Kind::dense;
  std::int64_t rank = 0;  // r; 0: dense
  float scale = 1.0F;     // adapted
  bool operator==(const LinearTerms&) const = default;
};

// Gives the terms of the layer whose dense matrix has this name; of a part of experts, the same for
// all experts of a layer.
using LinearTermsRule = std::function<LinearTerms(std::string_view name)>;

// How the names of the matrices above end.
inline constexpr std::string_view lora_a_suffix = ".lora_a", lora_b_suffix = ".lora_b",
                                  v_suffix = ".v", u_suffix = ".u", guide_suffix = ".guide";

inline bool is_adapter(std::string_view name) {
  return name.ends_with(lora_a_suffix) || name.ends_with(lora_b_suffix);
}

inline bool is_guide(std::string_view name) { return name.ends_with(guide_suffix); }

}  // namespace switchyard
