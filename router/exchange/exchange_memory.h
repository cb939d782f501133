// What the exchanges take from arenas, counted before there is a plan. The test ExchangeMemory
// holds these numbers against what dispatch, combine and round_trip take.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "runtime/tensor.h"

namespace switchyard {

// Numbers of rows of one rank.
struct ExchangeRows {
  std::int64_t slots = 0;      // that leave, those for this rank's own experts included
  std::int64_t received = 0;   // that arrive
  std::int64_t own = 0;        // for this rank's own experts
  std::int64_t crossings = 0;  // by node: tokens on their way to a node, at most `slots`
  std::int64_t crossed = 0;    // crossings that reach this rank's relay
  std::int64_t relayed = 0;    // rows that this rank's relay hands on
  std::int64_t hosted = 1;     // experts of this rank
};

// Takes what a round trip with config.exchange takes, and gives it back: the high-water mark of
// `arena` remembers it. "auto" counts as the exchange that takes most, of
// those that it tries.
void count_round_trip(const RouterConfig& config, const ExchangeRows& rows, std::int64_t hidden,
                      bool weighted, Arena& arena);

// Takes what Exchange::prepare keeps.
void take_prepared(const RouterConfig& config, const ExchangeRows& rows, Arena& arena);

}  // namespace switchyard
