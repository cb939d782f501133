// MoeLayer: gate, plan, dispatch, experts and combine, and their gradients in reverse order, with
// an optional shared expert.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "experts/ffn.h"
#include "experts/placement.h"
#include "experts/shard.h"
#include "model/blocks/shared_gate.h"
#include "model/config.h"
#include "model/layer_context.h"
#include "router/exchange/exchange.h"
#include "router/gate/gate.h"
#include "router/mixture/mixture.h"
#include "router/plan/plan.h"
#include "router/plan/step_balancer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

class MoeLayer {
 public:
  // Declares the dense part: name.router and, if configured, name.shared.* and name.shared_gate.
  // The exchange and, unless it is null, the balancer serve all layers of a model and outlive them.
  MoeLayer(Params& params, const std::string& name, const ModelConfig& model,
           const RouterConfig& router, Mesh& mesh, Exchange& exchange,
           const GateInputs& inputs = {}, StepBalancer* balancer = nullptr);
  // Declares the experts this rank hosts; called once all dense parameters of the model are
  // declared.
  void host_experts(Params& params);

  const Placement& placement() const { return placement_; }
  const ExpertShard& shard() const { return *shard_; }
  // Changes which rank hosts which expert; all ranks pass the same. The caller moves the weights.
  void place(Params& params, Placement placement);

  struct Saved {
    Routing routing;
    bool reads_x = true;  // whether the router reads x itself, not a copy with jitter
    std::unique_ptr<const PreparedPlan> prepared;
    GuestList guests;
    StepBalanceReport balance;
    Mixture::Saved mixture;
    Ffn::Saved experts;
    Ffn::Saved shared;
    SharedGate::Saved shared_gate;
  };

  // Collective over the expert group, for T = 0 too. x, out: [T, hidden].
  void forward(const LayerContext& context, Tensor x, Saved& saved, Tensor out, Pass pass) const;
  // Collective over the expert group. Overwrites d_x. share: see Gate::backward.
  AuxiliaryLosses backward(const LayerContext& context, Tensor x, Saved& saved, Tensor d_out,
                           double share, Tensor d_x) const;

  Gate& gate() { return gate_; }
  const Gate& gate() const { return gate_; }

 private:
  void route(const LayerContext& context, Tensor x, Saved& saved) const;
  Serving serving(const LayerContext& context, Saved& saved) const;
  GuestExperts::Home home(const LayerContext& context) const;
  // pass(params, shard, segments) for the experts of this rank, and then for its guests.
  template <class Pass>
  void for_hosts(const LayerContext& context, const Chunk& chunk, const Pass& pass) const;
  void add_shared(const LayerContext& context, Tensor x, Saved& saved, Tensor out) const;
  void add_shared_gradient(const LayerContext& context, Tensor x, const Saved& saved, Tensor d_out,
                           Tensor d_x) const;

  std::string name_;
  int layer_;
  std::int64_t hidden_, inner_, shared_inner_;
  Ffn::Shape expert_shape_;
  Ffn::Narrow expert_narrow_;
  Mesh& mesh_;
  Placement placement_;
  Gate gate_;
  Exchange& exchange_;
  Mixture mixture_;
  StepBalancer* balancer_;
  std::optional<Ffn> shared_;
  std::optional<SharedGate> shared_gate_;
  std::optional<ExpertShard> shard_;
};

}  // namespace switchyard
