// The leading singular vectors of a gradient, by subspace iteration (Halko, Martinsson and Tropp,
// arXiv:0909.4061, algorithms 4.4 and 5.1).
#pragma once

#include "runtime/device/stream.h"
#include "runtime/random.h"
#include "runtime/tensor.h"

namespace switchyard {

// Which singular vectors: those of rows are right ones.
enum class SubspaceOf : bool { columns, rows };

// out: of columns [m, rank], of rows [rank, n]: orthonormal, the largest singular value first, the
// largest element of each positive. g: [m, n], finite. Two iterations from a start block that
// `random` draws, with 16 vectors more than the rank: with at most rank + 16 rows or columns,
// exact. scratch: f32, of subspace_scratch_elements. All f32 on the host; the bits depend on g and
// random alone.
void leading_subspace(Tensor g, SubspaceOf of, const Random& random, Tensor out, Tensor scratch,
                      Stream& stream);

std::int64_t subspace_scratch_elements(const Shape& shape, std::int64_t rank);
// Of its products, without the orthogonalization of the blocks; a multiply-add counts two.
double subspace_flops(const Shape& shape, std::int64_t rank);

}  // namespace switchyard
