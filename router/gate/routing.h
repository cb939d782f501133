// Routing: what a gate decided for the tokens of a micro-batch.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/tensor.h"

namespace switchyard {

// The tensors that a gate needs for a micro-batch of T tokens.
struct RoutingSizes {
  std::int64_t tokens = 0, hidden = 0, experts = 0;
  std::int64_t choices = 0;  // k of a token
  std::int64_t rank = 0;     // of an adapted router
  bool scores = true;        // it looks at the tokens
  bool jitter = false;       // it looks at a copy of them
  bool noise = false;        // see GateOps::add_noise
};

// There are T tokens. T may be 0: a rank without a micro-batch still takes part.
struct Routing {
  // Takes expert, weight and whatever else the gate needs, and forgets what was there.
  void take(Arena& arena, const RoutingSizes& sizes);

  Tensor input;                      // [T, hidden] f32: what the router read
  Tensor narrow;                     // [T, rank] f32, of an adapted router: see Linear::Work
  Tensor logits;                     // [T, experts] f32
  Tensor noise_slope;                // [T, experts] f32, of noisy gates: see GateOps::add_noise
  Tensor probability;                // [T, experts] f32, see GateOps::score
  Tensor log_sum;                    // [T] f32, log of the sum of exponentials of the logits
  Tensor expert;                     // [T, k] i32, best first; a dropped choice is ~expert (< 0)
  Tensor weight;                     // [T, k] f32, of dropped choices too
  std::vector<std::int64_t> counts;  // [experts]: (token, choice) pairs of this micro-batch
  std::vector<std::int64_t> wanted;  // the same, dropped choices included
  // For each run of tokens over which the balance loss is taken, in order: the choices, dropped
  // ones included, and the sums of `probability`; [runs, experts].
  std::vector<std::int64_t> wanted_of_runs;
  std::vector<double> probability_of_runs;
  double log_sum_squares = 0.0;               // over all tokens
  std::vector<std::int32_t> required_biases;  // GateOps::count_required_biases; empty: not counted
};

}  // namespace switchyard
