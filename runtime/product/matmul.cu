// Matrix products on a GPU by cuBLASLt. Each pair of inner sizes has one kernel for any number of
// rows, so that the bits of a row do not depend on how many other rows there are.
#include "runtime/product/matmul.h"

#include <algorithm>
#include <array>

#include "runtime/product/cublaslt.h"
#include "runtime/product/cuda_product_ops.h"
#include "runtime/product/cuda_operands.h"
#include "runtime/device/cuda_queue.h"
#include "runtime/device/kernel.h"
#include "runtime/product/matmul_int8.h"

namespace switchyard {
namespace {

constexpr std::int64_t usual_rows = 1024;  // kernels are chosen for this many
// And have to take these, since the library promises a kernel only for the rows it was found for.
constexpr std::array<std::int64_t, 4> rows_to_take = {16, 272, 8192, 65536};
constexpr int most_kernels = 32;

MatmulShape with_rows(MatmulShape shape, std::int64_t rows) {
  (shape.op_a == Op::plain ? shape.m : shape.k) = rows;
  return shape;
}

// A request to the library. Every row of the operands, and of the result, has its alignment, in
// bytes.
struct LibraryCall {
  ProductTypes types;
  Op op_a, op_b;
  Stored a, b, out;
  std::uint32_t operand_alignment, out_alignment;
};

// The operands as they lie in memory, except that rows begin at multiples of `whole` elements.
Stored stored_a(const MatmulShape& shape, std::int64_t whole) {
  const bool plain = shape.op_a == Op::plain;
  const std::int64_t cols = plain ? shape.k : shape.m;
  return {plain ? shape.m : shape.k, cols, padded_to(cols, whole)};
}
Stored stored_b(const MatmulShape& shape, std::int64_t whole) {
  const bool plain = shape.op_b == Op::plain;
  const std::int64_t cols = plain ? shape.n : shape.k;
  return {plain ? shape.k : shape.n, cols, padded_to(cols, whole)};
}

// The alignment of every row of this many f32.
std::uint32_t alignment_of(std::int64_t cols) { return cols % 4 == 0 ? 16 : 4; }

LibraryCall f32_call(const MatmulShape& shape, bool tf32) {
  const Stored a = stored_a(shape, 1), b = stored_b(shape, 1);
  return {{tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_32F},
          shape.op_a,
          shape.op_b,
          a,
          b,
          {shape.m, shape.n, shape.n},
          std::min(alignment_of(a.cols), alignment_of(b.cols)),
          alignment_of(shape.n)};
}

LibraryCall bf16_call(const MatmulShape& shape) {
  constexpr std::int64_t whole = operand_bytes / sizeof(std::uint16_t);
  return {{CUBLAS_COMPUTE_32F, CUDA_R_16BF, CUDA_R_32F},
          shape.op_a,
          shape.op_b,
          stored_a(shape, whole),
          stored_b(shape, whole),
          {shape.m, shape.n, shape.n},
          operand_bytes,
          alignment_of(shape.n)};
}

// Codes lie along k in both operands, the only form that tensor cores take. k and n are padded with
// zeros.
LibraryCall int8_call(const MatmulShape& shape) {
  const std::int64_t k = padded_to(shape.k, operand_bytes), n = padded_to(shape.n, operand_bytes);
  return {{CUBLAS_COMPUTE_32I, CUDA_R_8I, CUDA_R_32I},
          Op::plain,
          Op::transposed,
          {shape.m, k, k},
          {n, k, k},
          {shape.m, n, n},
          operand_bytes,
          operand_bytes};
}

LibraryCall library_call(const MatmulShape& shape, bool tf32) {
  return shape.precision == Precision::f32    ? f32_call(shape, tf32)
         : shape.precision == Precision::bf16 ? bf16_call(shape)
                                              : int8_call(shape);
}

LibraryProduct product_of(const LibraryCall& call) {
  return LibraryProduct(call.types, call.op_a, call.a, call.op_b, call.b, call.out);
}

bool takes_all_rows(const cublasLtMatmulAlgo_t& algorithm, const MatmulShape& shape,
                    CudaQueue& queue) {
  const auto workspace = static_cast<std::size_t>(queue.workspace().bytes());
  return std::all_of(rows_to_take.begin(), rows_to_take.end(), [&](std::int64_t rows) {
    const LibraryProduct product =
        product_of(library_call(with_rows(shape, rows), queue.tf32()));
    cublasLtMatmulHeuristicResult_t needs{};
    const cublasStatus_t status = cublasLtMatmulAlgoCheck(
        queue.blas(), product.description.handle, product.first.handle, product.second.handle,
        product.out.handle, product.out.handle, &algorithm, &needs);
    return status == CUBLAS_STATUS_SUCCESS && needs.workspaceSize <= workspace;
  });
}

// The fastest for the usual rows, by the library's estimate, of those that take any. It must not
// split sums: the order of partial sums would depend on the rows.
cublasLtMatmulAlgo_t choose_algorithm(const MatmulShape& shape, CudaQueue& queue) {
  const LibraryCall call = library_call(with_rows(shape, usual_rows), queue.tf32());
  const LibraryProduct product = product_of(call);
  MatmulPreference preference;
  preference.set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                 static_cast<std::uint64_t>(queue.workspace().bytes()));
  preference.set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                 static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, call.operand_alignment);
  preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, call.operand_alignment);
  preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, call.out_alignment);
  preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, call.out_alignment);
  std::array<cublasLtMatmulHeuristicResult_t, most_kernels> kernels{};
  int found = 0;
  check(cublasLtMatmulAlgoGetHeuristic(
      queue.blas(), product.description.handle, product.first.handle, product.second.handle,
      product.out.handle, product.out.handle, preference.handle, most_kernels, kernels.data(),
      &found));
  const auto end = kernels.begin() + found;
  const auto best = std::find_if(kernels.begin(), end, [&](const auto& kernel) {
    return takes_all_rows(kernel.algo, shape, queue);
  });
  require(best != end,
          "cuBLASLt has no kernel for [{}, {}] by [{}, {}] with any number of rows: none of {}",
          shape.m, shape.k, shape.k, shape.n, found);
  return best->algo;
}

const cublasLtMatmulAlgo_t& algorithm_for(const MatmulShape& shape, CudaQueue& queue) {
  const bool rows_count = shape.op_a == Op::plain;  // m does not matter then, nor k otherwise
  const CudaQueue::ProductKey key{static_cast<std::int64_t>(shape.precision),
                                  rows_count ? 0 : shape.m,
                                  shape.n,
                                  rows_count ? shape.k : 0,
                                  static_cast<std::int64_t>(shape.op_a),
                                  static_cast<std::int64_t>(shape.op_b)};
  auto& known = queue.algorithms();
  auto found = known.find(key);
  if (found == known.end()) found = known.emplace(key, choose_algorithm(shape, queue)).first;
  return found->second;
}

// a, b, out: as library_call(shape) says.
void multiply_stored(const MatmulShape& shape, Write write, const void* a, const void* b, void* out,
                     CudaQueue& queue) {
  const cublasLtMatmulAlgo_t& algorithm = algorithm_for(shape, queue);
  const LibraryProduct product = product_of(library_call(shape, queue.tf32()));
  const bool add = write == Write::add, integers = shape.precision == Precision::int8;
  const float one = 1.0F, keep = add ? 1.0F : 0.0F;
  const std::int32_t whole_one = 1, whole_keep = add ? 1 : 0;
  check(cublasLtMatmul(
      queue.blas(), product.description.handle,
      integers ? static_cast<const void*>(&whole_one) : &one, b, product.first.handle, a,
      product.second.handle, integers ? static_cast<const void*>(&whole_keep) : &keep, out,
      product.out.handle, out, product.out.handle, &algorithm, queue.workspace().data,
      static_cast<std::size_t>(queue.workspace().bytes()), queue.stream()));
}

const void* in_bf16(const Stored& form, Tensor operand, CudaQueue& queue, Stream& stream) {
  if (operand.dtype == DType::bf16) return device_data<std::uint16_t>(operand);
  auto* rounded = queue.scratch().take({form.rows * form.stride}, DType::bf16).as<std::uint16_t>();
  round_to_bf16(device_data<float>(operand), form.rows, form.cols, form.stride, rounded, stream);
  return rounded;
}

struct Int8Operand {
  std::int8_t* codes;
  float* scales;
};
Int8Operand in_int8(const Stored& form, const OperandLines& lines, CudaQueue& queue, Stream& stream) {
  Arena& scratch = queue.scratch();
  const Int8Operand operand{
      static_cast<std::int8_t*>(scratch.take({form.rows * form.stride}, DType::u8).data),
      scratch.take({lines.count}).as<float>()};
  encode_on_device(lines, form.rows, form.stride, operand.codes, operand.scales, stream);
  return operand;
}

void multiply_in_int8(const MatmulShape& shape, Write write, const float* a, const float* b,
                      float* out, CudaQueue& queue, Stream& stream) {
  const LibraryCall call = int8_call(shape);
  const Int8Operand rows = in_int8(call.a, lines_of_rows(shape, a), queue, stream),
                    cols = in_int8(call.b, lines_of_columns(shape, b), queue, stream);
  auto* sums =
      queue.scratch().take({call.out.rows * call.out.stride}, DType::i32).as<std::int32_t>();
  multiply_stored(shape, Write::replace, rows.codes, cols.codes, sums, queue);
  scale_sums(sums, call.out.stride, rows.scales, cols.scales, shape.m, shape.n, write, out, stream);
}

}  // namespace

void CudaProductOps::multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
                              Stream& stream) {
  const std::int64_t rows = shape.op_a == Op::plain ? shape.m : shape.k;
  require(rows % row_tile == 0, "matmul: {} rows are not a multiple of {}", rows, row_tile);
  CudaQueue& queue = cuda_queue(stream);
  auto* to = device_data<float>(out);
  if (shape.precision == Precision::f32) {
    multiply_stored(shape, write, device_data<float>(a), device_data<float>(b), to, queue);
  } else if (shape.precision == Precision::bf16) {
    const LibraryCall call = bf16_call(shape);
    multiply_stored(shape, write, in_bf16(call.a, a, queue, stream),
                    in_bf16(call.b, b, queue, stream), to, queue);
  } else {
    check_int8_terms(shape);
    multiply_in_int8(shape, write, device_data<float>(a), device_data<float>(b), to, queue, stream);
  }
  queue.scratch().reset();
}

}  // namespace switchyard
