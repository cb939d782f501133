// What a model says of each token of many texts, some at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "launch/assemble/restored_model.h"
#include "model/head/next_token.h"

namespace switchyard::monitor {

struct TextsToScore {
  std::int64_t count = 0;
  // Of text i, its tokens with the boundary first. Called on rank 0 alone.
  std::function<std::vector<std::int32_t>(std::int64_t i)> tokens{};
};

// Takes text i and what the model says of each of its tokens but the first.
using TakeScores = std::function<void(std::int64_t i, std::span<const std::int32_t> tokens,
                                      std::span<const NextTokenScore> scores)>;

// Collective. A text that is longer than the model reads is scored in parts, each without what came
// before it. take: called on rank 0 alone, in the order of the texts, unless a text has a single
// token. On CPUs scores have the same bits on any number of ranks. Shows progress on stderr.
// Errors: agreed; those of score_tokens and of `tokens`; Exit::usage for a router that lets later
// tokens change what it says of earlier ones.
void score_texts(RestoredModel& restored, const TextsToScore& texts, const TakeScores& take);

}  // namespace switchyard::monitor
