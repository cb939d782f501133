// Collectives over a tensor of one part for each rank (Comm::reduce_scatter_parts,
// all_gather_parts), whose memory is that of the tensor and a few megabytes.
#pragma once

#include <mpi.h>

#include <span>

#include "runtime/tensor.h"

namespace switchyard {

// Pairwise: in round i each rank sends its copy of a part to the rank i places on, which adds it.
void mpi_reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes, MPI_Comm comm);

// A ring: in each round a rank passes on the part that it got last.
void mpi_all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes, MPI_Comm comm);

}  // namespace switchyard
