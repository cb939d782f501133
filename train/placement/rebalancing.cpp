#include "train/placement/rebalancing.h"

#include "model/blocks/moe_layer.h"
#include "router/groups.h"
#include "runtime/comm/counts.h"
#include "runtime/comm/topology.h"
#include "train/placement/migration.h"

namespace switchyard {
namespace {

constexpr double min_gain = 0.02;  // of the busiest rank's load; less is not worth the moves

}  // namespace

Rebalancing::Rebalancing(Transformer& model, Mesh& mesh)
    : model_(model), mesh_(mesh), counts_(model.empty_sums().expert_counts().size(), 0) {}

void Rebalancing::count(std::span<const std::int64_t> counts) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += counts[i];
}

// All groups use the nodes of the first expert group, so that they all choose the same placement.
const PlacementConstraints& Rebalancing::constraints(Stream& stream) {
  if (constraints_) return *constraints_;
  const RouterConfig& router = model_.router();
  constraints_.emplace();
  constraints_->node_of = make_topology(*mesh_.experts, router.ranks_per_node).node_of;
  mesh_.world->broadcast(
      tensor_of(constraints_->node_of.data(), {std::ssize(constraints_->node_of)}), 0, stream);
  if (num_groups(router) > 1)
    constraints_->groups = expert_groups(router, model_.config().num_experts);
  return *constraints_;
}

PlacementReport Rebalancing::run(Stream& stream) {
  PlacementReport report;
  const auto experts = to_index(model_.config().num_experts);
  std::size_t begin = 0;
  for (const int index : model_.moe_layers()) {
    MoeLayer& layer = model_.moe_layer(index);
    const auto load = std::span(counts_).subspan(begin, experts);
    begin += experts;
    PlacementChange change{index, 0, predicted_max_over_mean(layer.placement(), load), 0.0};
    const Placement next = balanced_placement(layer.placement(), load, constraints(stream));
    change.after = predicted_max_over_mean(next, load);
    if (change.after < (1.0 - min_gain) * change.before) {
      change.moved = migrate_experts(model_.params(), layer, next, mesh_, stream);
    } else {
      change.after = change.before;
    }
    report.layers.push_back(change);
  }
  std::fill(counts_.begin(), counts_.end(), 0);
  return report;
}

}  // namespace switchyard
