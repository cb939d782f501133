// Gate: decides which experts a token goes to and with what weight, and computes the losses that
// keep experts in balance.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "router/config.h"
#include "router/gate/balance.h"
#include "router/gate/gate_ops.h"
#include "router/gate/routing.h"
#include "router/gate/routing_tape.h"
#include "router/groups.h"
#include "runtime/batch.h"
#include "runtime/params/linear.h"

namespace switchyard {

// Auxiliary losses of one micro-batch, times their coefficients and the micro-batch's share of the
// step.
struct AuxiliaryLosses {
  double balance = 0.0;  // see router/gate/balance.h
  double z = 0.0;        // c mean_t log_sum_t^2 (ST-MoE, arXiv:2202.08906)
};

// What a gate's choices depend on besides its parameters.
struct GateInputs {
  int layer = 0;
  std::uint64_t seed = 0;  // of noise, jitter and hashes
  RoutingTape* tape =
      nullptr;  // owned by the caller; nullptr: choices are neither recorded nor replayed
};

struct GateGradients {
  Tensor d_weight;  // [T, k]
  double share;     // the micro-batch's tokens over the step's: scales the auxiliary losses as it
                    // scales the loss
  Tensor d_x;       // [T, hidden], to be added to
};

class Gate {
 public:
  // Declares name.router [experts, hidden], except for hash routing, and name.router_noise for
  // noisy top-k. Errors: Exit::usage, see check_router.
  Gate(Params& params, const std::string& name, const RouterConfig& config, std::int64_t hidden,
       int num_experts, double init_std, const GateInputs& inputs = {});

  // The sizes of what such a gate takes for `tokens` tokens.
  static RoutingSizes sizes_of(const RouterConfig& config, int num_experts, std::int64_t hidden,
                               std::int64_t tokens, bool training);
  // The number of runs of tokens over which the balance loss is taken, for rows of one length.
  static std::int64_t num_runs_of(const RouterConfig& config, std::int64_t num_sequences);
  // The bins in which a training step counts the biases that an expert needs; 0: it does not.
  static std::int64_t bias_bins_of(const RouterConfig& config);
  // The counts and sums of a micro-batch, as the device makes them.
  static Tensor take_tally(Arena& arena, std::int64_t runs, std::int64_t num_experts,
                           std::int64_t bias_bins);
  // The scratch of backward.
  struct BackwardScratch {
    Tensor d_logits;
    Tensor d_input;  // with jitter
    static BackwardScratch take(Arena& arena, const RoutingSizes& sizes);
  };

  // x: [T, hidden], T as matmul.h says of rows, or 0. Fills routing; its tensors live in `arena`.
  // All arithmetic is f32. Noise, jitter and capacity act where batch.step >= 0; noise and jitter
  // are keyed by seed, step, layer and the token's index in the step.
  void choose(const Params& params, const Batch& batch, Tensor x, Routing& routing, Arena& arena,
              Stream& stream) const;
  // Adds to gradients.d_x and to the router's gradient; returns the auxiliary losses. The counts
  // take no gradient.
  AuxiliaryLosses backward(Params& params, const Batch& batch, const Routing& routing,
                           const GateGradients& gradients, Arena& arena, Stream& stream) const;

  // After a step: moves the balancing bias and keeps the counts for the next step's balance loss.
  // counts: choices per expert of the whole step, before drops; the same on all ranks.
  // required_biases: [E, bias_bins_of] of the whole step.
  void finish_step(std::span<const std::int64_t> counts,
                   std::span<const std::int64_t> required_biases = {});
  // What the gate keeps from step to step, by global name ("layer3.bias" [E] f32, "layer3.counts"
  // [E] i64), for checkpoints. The same on all ranks.
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  enum class Picking : std::uint8_t { best, noisy_best, tokens, by_hash };
  static Picking picking_of(GateKind gate);

  RoutingSizes sizes_for(const Batch& batch, Tensor x) const;
  Linear::Work work(const Routing& routing) const { return {routing.narrow, {}, nullptr}; }
  void make_logits(const Params& params, const Batch& batch, Tensor x, Routing& routing,
                   Stream& stream) const;
  bool replay(RoutingTape& tape, const Batch& batch, Tensor expert, Stream& stream) const;
  void pick(const Batch& batch, Routing& routing, Arena& arena, Stream& stream) const;
  // gate_tally.cpp: fills in the counts and sums of `routing`; the number of runs over which they
  // are taken.
  void tally(const Batch& batch, Routing& routing, Arena& arena, Stream& stream) const;
  std::span<float> bias() const;  // on the host; empty without one
  std::int64_t num_runs(const Batch& batch, std::int64_t tokens) const;
  Balance balance_of(const Routing& routing, std::int64_t runs, double share) const;
  void add_product_gradients(Params& params, const Batch& batch, const Routing& routing,
                             const BackwardScratch& scratch, Tensor d_x, Stream& stream) const;
  std::int64_t capacity(std::int64_t tokens) const;
  Random random(Purpose purpose, const Batch& batch) const;

  std::string name_;
  RouterConfig config_;
  GroupMembers groups_;
  GateRule rule_;
  Picking picking_;
  BalanceOver balance_over_;
  int num_experts_;
  GateInputs inputs_;
  Linear router_;
  ParamId noise_ = -1;
  Buffer bias_;    // [E] f32, for sigmoid
  Buffer counts_;  // [E] i64: the previous step's, for a balance loss over the global batch
};

}  // namespace switchyard
