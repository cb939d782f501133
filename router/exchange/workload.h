// Workload: synthetic routing of a named kind, a function of (kind, seed, rank, step) alone, so
// that any rank knows what another one sends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "router/plan/plan.h"

namespace switchyard {

// A routing that owns its tensors. Logits and probabilities are left out. Experts as in Routing: a
// dropped choice is the complement of its expert.
struct DrawnRouting {
  DrawnRouting(std::vector<std::int32_t> experts, int top_k, int num_experts);
  DrawnRouting(DrawnRouting&&) = default;
  DrawnRouting& operator=(DrawnRouting&&) = default;
  std::int64_t tokens() const { return routing.expert.shape[0]; }

  std::vector<std::int32_t> expert;  // [tokens, k]
  std::vector<float> weight;         // [tokens, k], 1/2, 1/3, ... by choice
  Routing routing;
};

struct WorkloadShape {
  std::int64_t tokens = 0;  // of a rank
  int top_k = 2;
  int num_experts = 8;
  int num_ranks = 1;
  int ranks_per_node = 1;  // node 0, the "hot node", consists of the ranks below this
  std::uint64_t seed = 1;
};

class Workload {
 public:
  // Errors: Exit::usage for an unknown name, or top_k above num_experts.
  Workload(const std::string& name, const WorkloadShape& shape);

  // Each name with one line of description.
  struct Kind {
    std::string name, meaning;
  };
  static const std::vector<Kind>& kinds();

  std::int64_t tokens(int rank) const;  // a multiple of row_tile if the shape's are
  DrawnRouting draw(int rank, std::int64_t step) const;
  // The share of a step's draws that each expert takes; empty where they are balanced.
  std::vector<double> shares(std::int64_t step) const;

 private:
  void draw_balanced(int rank, std::int64_t step, std::vector<std::int32_t>& experts) const;
  void draw_skewed(int rank, std::int64_t step, std::vector<std::int32_t>& experts) const;

  std::string name_;
  WorkloadShape shape_;
};

}  // namespace switchyard
