// GaLore (Zhao et al., arXiv:2403.03507): AdamW in a subspace of a matrix's gradient, for one
// matrix.
#pragma once

#include <cstdint>

#include "runtime/device/stream.h"
#include "runtime/tensor.h"
#include "train/config.h"
#include "train/math.h"
#include "train/matrix/blocks.h"

namespace switchyard {

// With W [m, n] and rank r: R = G Q^T [m, r] if m >= n, else R = P^T G [r, n]; the moments are of
// R; with their direction N, W <- W - rate (scale D + weight_decay W), D = N Q or P N. Q [r, n] or
// P [m, r] are singular vectors of the gradient (train/matrix/subspace.h) of a step that is a
// multiple of galore.every, or of the first gradient that is not 0. A new projection leaves the
// moments as they are, as the authors do.
struct GaloreParam {
  Tensor gradient;  // f32 or i64, [m, n]
  AdamWStep step;   // of the moments; gradient_factor applies to the gradient
  Tensor value;     // W, f32
  Tensor first_moment, second_moment, projection;  // f32, of the shapes above
  MatrixRates rates;
  std::uint64_t key = 0;  // of the start blocks: of the run and the parameter
};

// In place. scratch: f32, of matrix_work's elements. All on the host.
void galore_update(const GaloreParam& param, const GaloreConfig& galore, std::int64_t step,
                   Tensor scratch, Stream& stream);

}  // namespace switchyard
