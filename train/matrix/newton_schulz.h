// The nearest semi-orthogonal matrix, approximately, by a Newton-Schulz iteration (Jordan et al.,
// "Muon: an optimizer for hidden layers in neural networks", 2024).
#pragma once

#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

inline constexpr int newton_schulz_steps = 5;

// With X = x / (|x| + 1e-7), Frobenius, and five times X <- a X + (b A + c A^2) X, A = X X^T, and
// (a, b, c) = (3.4445, -4.7750, 2.0315); if x has more rows than columns, the same of its
// transpose. Singular values above 0.005 |x| end in [0.6, 1.3]. x, other: [m, n]; squares: [2, k,
// k] with k = min(m, n); all f32 on the host. All three are overwritten, and the result is x or
// other. All products are in f32, and the bits depend on x alone.
Tensor newton_schulz(Tensor x, Tensor other, Tensor squares, Stream& stream);

// Of its products; a multiply-add counts two.
double newton_schulz_flops(const Shape& shape);

}  // namespace switchyard
