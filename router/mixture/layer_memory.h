// LayerMemory: what one MoE layer's routing takes from arenas, counted before there is a routing.
// It takes what the gate, the plan, the exchange and the mixture take, for expected numbers of
// rows.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "router/gate/gate.h"
#include "runtime/tensor.h"

namespace switchyard {

// One micro-batch on this rank.
struct ExpectedRows {
  std::int64_t tokens = 0, sequences = 0;
  std::int64_t slots = 0;       // (token, choice) pairs of this rank's tokens
  std::int64_t received = 0;    // pairs that reach this rank's experts
  std::int64_t shard_rows = 0;  // the same with the padding of segments
  std::int64_t segments = 0;    // of received rows: one for each source rank and hosted expert
  int num_ranks = 1;            // of the expert group
};

class LayerMemory {
 public:
  // num_experts: of the layer. device: of the tensors.
  LayerMemory(const RouterConfig& config, const ExpectedRows& rows, std::int64_t hidden,
              int num_experts, Device device);

  // Gate::choose, make_plan and Exchange::prepare. rank: of an adapted router.
  void take_routing(Arena& routing, std::int64_t rank) const;
  // Mixture::forward. scratch: what a round trip of rows takes is given back.
  void take_forward(Arena& kept, Arena& scratch) const;
  // Mixture::backward, with the gradients by the weights, and Gate::backward.
  void take_backward(Arena& scratch) const;
  void take_gate_backward(Arena& scratch) const;

 private:
  void take_round_trip(bool weighted, Arena& scratch) const;

  RouterConfig config_;
  ExpectedRows rows_;
  std::int64_t hidden_;
  int num_experts_;
  Device device_;
  RoutingSizes sizes_;
};

}  // namespace switchyard
