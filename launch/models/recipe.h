// Recipe: a TOML text that says how a model is made of models (docs/models.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/transform/ties.h"
#include "launch/models/compression.h"
#include "runtime/names.h"
#include "runtime/tensor.h"

namespace switchyard {

namespace models {
enum class Method : std::uint8_t {
  average,
  task_arithmetic,
  ties,
  dare,
  dare_ties,
  grow,
  mix,
  low_rank,
  fold,
  quantize,
  prune,
  experts
};
// What an expert becomes.
enum class GrowBy : std::uint8_t { split, copy };
// The score of the experts that stay (train/compress/expert_scores.h).
enum class KeepBy : std::uint8_t { reap, man, frequency, random };
}  // namespace models

template <>
inline constexpr std::array<std::string_view, 12> names_of<models::Method> = {
    "average", "task_arithmetic", "ties", "dare",     "dare_ties", "grow",
    "mix",     "low_rank",        "fold", "quantize", "prune",     "experts"};
template <>
inline constexpr std::array<std::string_view, 2> names_of<models::GrowBy> = {"split", "copy"};
template <>
inline constexpr std::array<std::string_view, 4> names_of<models::KeepBy> = {"reap", "man",
                                                                             "frequency", "random"};

namespace models {

// How a tensor is merged.
struct Rule {
  Method method = Method::average;
  MergeSettings merge;  // a weight for each input
};

// The rows that a method looks at.
struct CalibrationRows {
  std::string dataset;  // empty: it looks at none
  std::int64_t tokens = std::int64_t{1} << 18;
};

struct Override {
  std::string match;  // a glob over names of parameters, as "*.router"
  std::optional<Method> method;
  std::optional<double> scale, density;
  std::optional<bool> normalize;
  std::optional<std::vector<double>> weights;
};

struct Recipe {
  std::string text;
  Rule rule;                        // of tensors that no override names
  std::vector<std::string> inputs;  // paths, as the recipe has them
  std::string base;                 // empty: none
  std::optional<DType> dtype;       // f32 or bf16; nothing: each tensor has that of the first input
  TiesOver over = TiesOver::model;
  bool match_experts = false;  // average: put the experts into the first input's order
  std::uint64_t seed = 0;
  std::vector<Override> overrides;
  // grow
  std::int64_t times = 0;
  GrowBy by = GrowBy::split;
  // mix
  std::int64_t experts = 0, shards = 1, top_k = 2;
  std::vector<std::int64_t> layers;  // empty: all; of low_rank: all but the first
  double router_std = 0.02;
  // low_rank: the rank, or the share of parameters that it leaves of a matrix
  std::int64_t rank = 0;
  double share = 0.0;
  Compression compression;  // quantize, prune
  // experts
  int keep = 0;  // of each layer
  KeepBy keep_by = KeepBy::reap;
  bool merges_others = false;   // into those that stay
  CalibrationRows calibration;  // quantize, prune, experts

  bool has_base() const { return !base.empty(); }
  // The rule of the parameter of this name: each override that matches changes it, in order.
  Rule rule_of(const std::string& name) const;
  std::vector<std::string> sources() const;  // the inputs, and the base after them
};

// Errors: Exit::usage, naming file, line and key, for anything that the recipe of its method does
// not have. name: of the text, in errors.
Recipe parse_recipe(const std::string& text, const std::string& name);

// True if the glob matches the whole name; * is any text.
bool matches(const std::string& glob, const std::string& name);

}  // namespace models
}  // namespace switchyard
