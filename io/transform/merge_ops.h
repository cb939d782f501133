// How models are merged, element by element. Inputs are the models x_1..x_k, and for all but the
// average the base b after them. Each result is b + sum c_i (x_i - b), computed as
// (1 - sum c_i) b + sum c_i x_i, so that one model with coefficient 1 keeps its bits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/transform/tensor_plan.h"

namespace switchyard {

struct MergeSettings {
  std::vector<double> weights;  // of the models
  double scale = 1.0;           // of the sum of differences
  double density = 1.0;         // the share of differences that stay
  bool normalize = false;       // divide by the weights of the models that take part
};

// sum w_i x_i / sum w_i (model soups: Wortsman et al., arXiv:2203.05482).
std::shared_ptr<const UnitOp> average_op(std::vector<double> weights);

// c_i = scale w_i (Ilharco et al., arXiv:2212.04089); normalize: over sum w_i.
std::shared_ptr<const UnitOp> task_arithmetic_op(MergeSettings settings);

// DARE (Yu et al., arXiv:2311.03099): each difference is dropped with probability 1 - density, and
// those that stay are divided by density. Which ones is a function of seed, the name of the tensor,
// the model's place and the element. elects: then a sign is elected, as by TIES.
std::shared_ptr<const UnitOp> dare_op(MergeSettings settings, bool elects, std::uint64_t seed,
                                      const std::string& tensor);

}  // namespace switchyard
