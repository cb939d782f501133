// ExpertScores: what a mixture of experts would lose with each of its experts, over the tokens of a
// calibration. Sums are exact: the same on any number of ranks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/transformer/forward_watch.h"
#include "runtime/comm/comm.h"
#include "runtime/exact_sum.h"

namespace switchyard {

// Over the tokens x that chose an expert with output f(x) and weight g(x).
struct ExpertScore {
  std::int64_t tokens = 0;
  double reap = 0.0;  // mean of g(x) |f(x)| (Lasby et al., arXiv:2510.13999); 0 without tokens
  double norm = 0.0;  // mean of |f(x)|, "MAN"
};

// Of one layer.
class ExpertScores final : public ForwardWatch {
 public:
  explicit ExpertScores(int num_experts);

  void saw(const std::string& /*tensor*/, const Batch& /*batch*/, Tensor /*rows*/,
           Stream& /*stream*/) override {}
  void mixed(const std::string& layer, const ExpertResults& results, Stream& stream) override;

  // Collective over `world`, whose ranks saw each token once; at most 2^31 tokens. Errors: agreed;
  // Exit::numerical if an expert computed something that is not finite.
  std::vector<ExpertScore> finish(Comm& world);

 private:
  struct Sums {
    std::int64_t tokens = 0;
    WideSum weighted, norms;
  };
  std::vector<Sums> sums_;  // of the experts
  bool finite_ = true;
};

}  // namespace switchyard
