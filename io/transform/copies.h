// Tensors that are copied as they are.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "io/transform/tensor_plan.h"

namespace switchyard {

// The same values, or bits if the types are equal.
std::shared_ptr<const UnitOp> copy_op();

// A tensor that is one of a source.
TensorPlan copy_plan(const ModelTensor& tensor, std::size_t source, const std::string& name);

// A tensor of zeros.
TensorPlan zeros_plan(const ModelTensor& tensor);

}  // namespace switchyard
