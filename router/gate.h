// Gate: which experts a token goes to and with what weight, and the losses that keep experts in
// balance.
#pragma once

#include <cstdint>
#include <string>

#include "router/config.h"
#include "router/ops.h"
#include "router/plan.h"
#include "runtime/params.h"

namespace switchyard {

// Auxiliary losses of one micro-batch, coefficients and the micro-batch's share of the step
// included.
struct AuxiliaryLosses {
  double balance =
      0.0;  // c E sum_e f_e P_e (Switch Transformer, arXiv:2101.03961), f_e = count_e / (T k)
  double z = 0.0;  // c mean_t log_sum_t^2 (ST-MoE, arXiv:2202.08906)
};

class Gate {
 public:
  // Declares name.router [experts, hidden]. Errors: Exit::usage for an unknown gate or top_k.
  Gate(Params& params, const std::string& name, const RouterConfig& config, std::int64_t hidden,
       int num_experts, double init_std);

  // x: [T, hidden], T a multiple of row_tile or 0. Fills routing; its tensors live in `arena`. f32
  // throughout.
  void choose(const Params& params, Tensor x, Routing& routing, Arena& arena, Stream& stream) const;
  // Adds to d_x [T, hidden] and to the router's gradient; returns the auxiliary losses. share: the
  // micro-batch's tokens over the step's, which scales the auxiliary losses as it scales the loss.
  // The counts take no gradient.
  AuxiliaryLosses backward(Params& params, Tensor x, const Routing& routing, Tensor d_weight,
                           double share, Tensor d_x, Arena& arena, Stream& stream) const;

 private:
  RouterConfig config_;
  GateOrder order_;
  int num_experts_;
  ParamId router_;
};

}  // namespace switchyard
