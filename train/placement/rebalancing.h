// Rebalancing: experts follow the load. Between steps they move so that, by the counts of the steps
// since the last time, all ranks have the same work.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "experts/balanced_placement.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "train/step_report.h"

namespace switchyard {

class Rebalancing {
 public:
  Rebalancing(Transformer& model, Mesh& mesh);

  // counts: choices per expert of a step, [MoE layers, experts], over all ranks.
  void count(std::span<const std::int64_t> counts);
  // Collective. Moves experts where that pays, and forgets the counts. No bit of a loss or a weight
  // changes in exact mode. The placement is a function of the counts, so that all ranks choose
  // alike.
  PlacementReport run(Stream& stream);

 private:
  const PlacementConstraints& constraints(Stream& stream);

  Transformer& model_;
  Mesh& mesh_;
  std::vector<std::int64_t> counts_;  // [MoE layers, experts], of the steps since the last time
  std::optional<PlacementConstraints> constraints_;  // the same on all ranks
};

}  // namespace switchyard
