#include "runtime/comm/mpi_call.h"

#include <string>

namespace switchyard {

void check_mpi(int code, std::source_location where) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail(Exit::peer, "MPI failed in {}: {}", where.function_name(),
       std::string(text, static_cast<std::size_t>(length)));
}

MPI_Datatype mpi_type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return MPI_FLOAT;
    case DType::f64:
      return MPI_DOUBLE;
    case DType::i32:
      return MPI_INT32_T;
    case DType::i64:
      return MPI_INT64_T;
    case DType::u8:
      return MPI_UINT8_T;
    case DType::i8:
      return MPI_INT8_T;
    case DType::bf16:  // only copied, never reduced
      return MPI_UINT16_T;
  }
  fail(Exit::internal, "MPI has no type for {}", name_of(dtype));
}

}  // namespace switchyard
