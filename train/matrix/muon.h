// Muon (Jordan et al., 2024): momentum whose direction is made orthogonal, for one matrix.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/tensor.h"
#include "train/matrix/blocks.h"

namespace switchyard {

// M <- momentum M + G;  U = G + momentum M (Nesterov);
// W <- W - rate (scale NS(U) + weight_decay W), with NS of train/matrix/newton_schulz.h. The scale
// 0.2 sqrt(max(rows, columns)) gives the update the size of AdamW's (Liu et al., "Muon is scalable
// for LLM training", arXiv:2502.16982), so that both take one learning rate.
struct MuonParam {
  Tensor gradient;               // f32 or i64, [m, n]
  double gradient_factor = 1.0;  // G is what was summed, times this
  Tensor value, moment;          // W and M, f32, [m, n]
  MatrixRates rates;             // scale: as muon_scale says
};
float muon_scale(const Shape& shape);

// In place. scratch: f32, of matrix_work's elements. All on the host.
void muon_update(const MuonParam& param, float momentum, Tensor scratch, Stream& stream);

}  // namespace switchyard
