// Weights that make up for what is taken from their neighbours: column by column, the error of a
// weight is spread over the columns to its right, as the Hessian X^T X of the layer's error says,
// in blocks of 128 columns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codes/weight_codes.h"
#include "runtime/device/stream.h"
#include "train/compress/hessian_factor.h"

namespace switchyard {

// GPTQ (Frantar et al., arXiv:2210.17323), as its authors' code: weights [out, in] become codes
// times scales. Scales are those of nearest: of a whole row those of the weights as they come, of
// smaller groups those of the weights when the block begins in which the group does. Inputs that
// were always 0 get weights 0. With no_hessian() the result is that of nearest. Returns the scales
// [out, in / group].
std::vector<float> gptq(std::span<float> weights, const CodeFormat& format,
                        const HessianFactor& hessian, Stream& stream);

enum class Pattern : std::uint8_t { any, two_of_four };  // of the weights that go

// SparseGPT (Frantar and Alistarh, arXiv:2301.00774), as its authors' code: in each block the
// weights go whose square over that of U's diagonal is up to that of the floor(sparsity n)-th of
// the block's n, from 0; two_of_four: two of every four columns of a row, the sparsity is not read.
// sparsity 0 takes nothing.
void sparse_gpt(std::span<float> weights, double sparsity, Pattern pattern,
                const HessianFactor& hessian, Stream& stream);

}  // namespace switchyard
