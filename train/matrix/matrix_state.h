// Which parameters are updated as whole matrices, by Muon or GaLore, what is kept of them, and what
// an update takes.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/params/param_state.h"
#include "runtime/product/matmul.h"
#include "train/config.h"

namespace switchyard {

// For Params: one replica owns a whole matrix, and the owners have about equal FLOPs. With
// train.values = "int8" those are the matrices that are kept as codes, which AdamW updates. Muon
// takes the matrices of attention, of dense and shared feed-forward networks and of experts, each
// expert's by itself, and GaLore those that galore.targets chooses; adapters, factors of low rank
// and guides are matrices, too. All other parameters have the moments of AdamW. Empty if they all
// do.
ParamStateRule matrix_states(const TrainConfig& config);

// The update of a matrix in one step.
struct MatrixWork {
  double flops = 0.0;                 // of its products; of choices of a subspace, a step's share
  std::int64_t scratch_elements = 0;  // f32 that it needs meanwhile
};
MatrixWork matrix_work(const TrainConfig& config, const Shape& shape);

// The products of an update, without those of choices of a subspace.
std::vector<MatmulShape> matrix_products(const TrainConfig& config, const Shape& shape);

// The columns or rows of a projection: galore.rank, or as many as the matrix has.
std::int64_t galore_rank(const GaloreConfig& galore, const Shape& shape);
// Whether a projection is of the rows of the matrix: those of a matrix with fewer columns than rows
// would be longer.
inline bool projects_rows(const Shape& shape) { return shape[0] >= shape[1]; }

}  // namespace switchyard
