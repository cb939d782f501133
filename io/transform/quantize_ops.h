// Weights to codes, to nearest (runtime/codes/weight_codes.h), and the plans of a coded matrix.
#pragma once

#include <string>
#include <vector>

#include "io/transform/tensor_plan.h"
#include "runtime/codes/weight_codes.h"

namespace switchyard {

// The tensors "code/NAME" and "scale/NAME" of a matrix [out, in] named "value/NAME".
std::vector<ModelTensor> coded_tensors(const std::string& value, const Shape& shape,
                                       const CodeFormat& format);

// Plans that make them of a matrix of source 0. Errors of running them: Exit::data for a weight
// that is not finite.
std::vector<TensorPlan> quantize_plans(const std::string& value, const Shape& shape,
                                       const CodeFormat& format);

}  // namespace switchyard
