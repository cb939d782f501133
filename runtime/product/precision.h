// Precision: how the operands of a matrix product are rounded.
#pragma once

#include <cstdint>

namespace switchyard {

// f32 does not round. bf16 rounds to nearest even and sums in f32. int8 turns each row of the left
// and each column of the right operand into codes of -127..127 and a scale, the largest magnitude /
// 127; sums are exact integers (gau-nernst/quantized-training). Inputs, results and weights are f32
// in all three.
enum class Precision : std::uint8_t { f32, bf16, int8 };

// The precision of a model's products with its weights. Products of the router are always f32.
struct ProductPrecision {
  Precision forward = Precision::f32;          // of linear layers: x W^T
  Precision input_gradient = Precision::f32;   // dY W
  Precision weight_gradient = Precision::f32;  // dY^T X
  Precision head = Precision::f32;             // all three of the projection to the vocabulary
};

}  // namespace switchyard
