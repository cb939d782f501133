// Published scaling laws: pure functions from the size of a run to the loss in nats per token of
// the authors' tokenizer on the authors' data, with the sizes that they were fitted to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "launch/scaling/model_size.h"

namespace switchyard::scaling {

struct Interval {
  double low, high;
  bool holds(double value) const { return low <= value && value <= high; }
};

// L = E + A / N^a + B / D^b of dense models.
struct DenseLaw {
  double floor, model, data, model_exponent, data_exponent;  // E, A, B, a, b
  double loss(double parameters, double tokens) const;
};
// Hoffmann et al., arXiv:2203.15556, as they print it and as in their TeX file; and the fit of
// Besiroglu et al., arXiv:2404.10102, to the same runs.
inline constexpr DenseLaw chinchilla_rounded{1.69, 406.4, 410.7, 0.34, 0.28};
inline constexpr DenseLaw chinchilla{1.6934, 406.4, 410.7, 0.3392, 0.2849};
inline constexpr DenseLaw besiroglu{1.8172, 482.01, 2085.43, 0.3478, 0.3658};

// E with saturation of Clark et al., arXiv:2202.01169.
double saturated_experts(double experts, double start, double end);
// Kaplan et al., arXiv:2001.08361; parameters: outside the tables.
double kaplan_loss(double parameters, double tokens);
// Muennighoff et al., arXiv:2305.16264: how many fresh tokens are worth as much as `tokens` of
// which `unique` are different.
double tokens_worth(double tokens, double unique);
double muennighoff_loss(double parameters, double tokens, double unique);
// Clark et al., S-BASE; parameters: of the dense model with the same work.
double clark_loss(double parameters, double expansion);
// Krajewski et al., arXiv:2402.07871, expansion 64; parameters: of the whole model.
double krajewski_loss(double parameters, double tokens, double granularity);
// Ludziejewski et al., arXiv:2502.05172, table 3; parameters: active ones.
double joint_loss(double parameters, double tokens, double expansion);
// Abnar et al., arXiv:2501.12370; parameters: of the whole model.
double abnar_loss(double parameters, double tokens, double sparsity);

struct Law {
  std::string_view key;     // "joint"
  std::string_view name;    // "Ludziejewski et al. 2025, joint"
  std::string_view source;  // "arXiv:2502.05172"
  enum class Of : unsigned char { dense, mixtures, both } of;
  std::string_view counts;  // which parameters it takes: "active", "all", "outside the tables"
  Interval parameters, tokens, expansion;  // of the runs that it was fitted to
  double (*loss)(const ModelSize&);
  double (*size)(const ModelSize&);  // the parameters that it takes
  std::string_view note;             // what to know of it; may be empty
};

// The default for mixtures is the first one, that for dense models the second.
std::span<const Law> published_laws();
// Errors: Exit::usage with the nearest key.
const Law& law_named(std::string_view key);

// Adds "tokens 2.1 M < 10 M" to the notes, unless the value is in the range.
void note_outside(const std::string& what, double value, const Interval& range,
                  std::vector<std::string>& notes);
// Why a size is outside the range of a law, or nothing.
std::string outside(const Law& law, const ModelSize& size);

}  // namespace switchyard::scaling
