// What every MPI call needs: errors as exceptions, and our element types as MPI types.
#pragma once

#include <mpi.h>

#include <source_location>

#include "runtime/tensor.h"

namespace switchyard {

// Errors: Exit::peer with MPI's own message.
void check_mpi(int code, std::source_location where = std::source_location::current());

MPI_Datatype mpi_type_of(DType dtype);

}  // namespace switchyard
