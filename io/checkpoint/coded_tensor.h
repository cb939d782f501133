// Coded tensors of a model folder: "code/NAME" and "scale/NAME" beside each other hold the matrix
// "value/NAME" (runtime/codes/weight_codes.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/codes/weight_codes.h"

namespace switchyard {

std::string code_name_of(const std::string& value);   // "code/NAME" of "value/NAME"
std::string scale_name_of(const std::string& value);  // "scale/NAME"
// "value/NAME" of "code/NAME"; empty for the name of a tensor that is no codes.
std::string value_name_of(const std::string& code);

// What the shapes of codes and scales say. Errors: Exit::data naming the tensor, for shapes that do
// not fit together.
struct CodedShape {
  Shape shape;  // [out, in] of the weights
  CodeFormat format;
};
CodedShape coded_shape(const std::string& value, DType code_type, const Shape& codes,
                       const Shape& scales);

}  // namespace switchyard
