// Objectives: how a piece of a document is rewritten before a model learns it from left to right.
// Each rewrite keeps the piece's length, so that rows, losses and counts of targets stay what the
// row table says, and is a function of (seed, sample, piece, length) alone: the same on any layout,
// and without state.
#pragma once

#include <cstdint>
#include <span>

#include "io/objective/special_ids.h"

namespace switchyard {

// Rates are shares of pieces, of which a piece has at most one rewrite.
struct ObjectiveConfig {
  double fill_in_middle = 0.0;
  double suffix_first = 0.5;  // of these, with the suffix before the prefix
  double spans = 0.0;
  double span_length = 3.0;  // mean, in tokens
  double span_share = 0.15;  // of the tokens of a piece, that spans take
  double noise = 0.0;        // share of input tokens that are replaced; their targets are not

  bool rewrites() const { return fill_in_middle > 0.0 || spans > 0.0; }
};

enum class Rewrite : std::uint8_t { none, prefix_first, suffix_first, spans };

// Which rewrite a piece gets. piece: its number within the row of the sample.
Rewrite rewrite_of(const ObjectiveConfig& config, std::uint64_t seed, std::uint64_t sample,
                   std::uint64_t piece);

class Objective {
 public:
  // num_ids: of the tokenizer. Requires the ids that the config's rates need.
  Objective(const ObjectiveConfig& config, const SpecialIds& ids, std::int32_t boundary,
            std::int64_t num_ids, std::uint64_t seed);

  // text: the tokens of a piece and the one that follows it, which is the target of the last. A
  // piece that is too short stays as it is (fill_in_middle.h, spans.h); the boundary token at the
  // start of a document keeps its place. After a middle or the last span comes the boundary.
  Rewrite rewrite(std::uint64_t sample, std::uint64_t piece, std::span<std::int32_t> text) const;

  // Replaces inputs of a row by any id of the tokenizer but the boundary. Boundaries and special
  // ids stay. Returns how many.
  std::int64_t add_noise(std::uint64_t sample, std::span<std::int32_t> inputs) const;

 private:
  ObjectiveConfig config_;
  SpecialIds ids_;
  std::int32_t boundary_;
  std::int64_t num_ids_;
  std::uint64_t seed_;
};

}  // namespace switchyard
