// The balancer inside steps that serves all MoE layers of a model.
#pragma once

#include <memory>
#include <vector>

#include "model/transformer/transformer.h"
#include "router/plan/step_balancer.h"

namespace switchyard {

// Null if router.balance_step is off, or nothing is trained, or an expert group has one rank.
// node_of: of each rank of the expert group. Errors: Exit::usage if the experts have guides and
// are fewer than the ranks.
std::unique_ptr<StepBalancer> step_balancer_of(const ModelConfig& model, const RouterConfig& router,
                                               const Transformer::Options& options,
                                               const std::vector<int>& node_of);

}  // namespace switchyard
