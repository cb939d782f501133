// Matrix products on a GPU: cuBLASLt, with one kernel for each pair of inner sizes whatever the
// number of rows, so that a row's bits do not depend on how many others there are.
#include "runtime/matmul.h"

#include <array>

#include "runtime/cuda.h"
#include "runtime/cuda_queue.h"

namespace switchyard {
namespace {

constexpr std::int64_t usual_rows = 1024;  // for which kernels are chosen

// cuBLASLt's handles, one class for each kind.
struct Description {
  cublasLtMatmulDesc_t handle = nullptr;
  Description(bool tf32, Op first, Op second) {
    check(cublasLtMatmulDescCreate(
        &handle, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, first);
    set(CUBLASLT_MATMUL_DESC_TRANSB, second);
  }
  ~Description() { cublasLtMatmulDescDestroy(handle); }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

 private:
  void set(cublasLtMatmulDescAttributes_t attribute, Op op) {
    const cublasOperation_t value = op == Op::plain ? CUBLAS_OP_N : CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(handle, attribute, &value, sizeof value));
  }
};

struct Layout {
  cublasLtMatrixLayout_t handle = nullptr;
  // Of a row-major [rows, cols], which the library sees as a column-major [cols, rows].
  Layout(std::int64_t rows, std::int64_t cols) {
    check(cublasLtMatrixLayoutCreate(&handle, CUDA_R_32F, static_cast<std::uint64_t>(cols),
                                     static_cast<std::uint64_t>(rows), cols));
  }
  ~Layout() { cublasLtMatrixLayoutDestroy(handle); }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
};

struct Preference {
  cublasLtMatmulPreference_t handle = nullptr;
  Preference() { check(cublasLtMatmulPreferenceCreate(&handle)); }
  ~Preference() { cublasLtMatmulPreferenceDestroy(handle); }
  Preference(const Preference&) = delete;
  Preference& operator=(const Preference&) = delete;

  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    check(cublasLtMatmulPreferenceSetAttribute(handle, attribute, &value, sizeof value));
  }
};

// A product as the library sees it: with rows and columns exchanged, b is its first operand.
struct Product {
  Description description;
  Layout first, second, out;

  Product(const MatmulShape& shape, bool tf32)
      : description(tf32, shape.op_b, shape.op_a),
        first(shape.op_b == Op::plain ? shape.k : shape.n,
              shape.op_b == Op::plain ? shape.n : shape.k),
        second(shape.op_a == Op::plain ? shape.m : shape.k,
               shape.op_a == Op::plain ? shape.k : shape.m),
        out(shape.m, shape.n) {}
};

// What every address of such an operand is a multiple of: rows begin at multiples of their length.
std::uint32_t alignment_of(const MatmulShape& shape) {
  const auto whole = [](std::int64_t size) { return size % 4 == 0; };
  const bool rows_count = shape.op_a == Op::plain;  // m does not matter then, nor k otherwise
  return whole(shape.n) && whole(rows_count ? shape.k : shape.m) ? 16 : 4;
}

// Without split sums: their partial sums would meet in an order that depends on the rows.
cublasLtMatmulAlgo_t choose_algorithm(const MatmulShape& shape, CudaQueue& queue) {
  MatmulShape usual = shape;
  (shape.op_a == Op::plain ? usual.m : usual.k) = usual_rows;
  const Product product(usual, queue.tf32());
  Preference preference;
  preference.set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                 static_cast<std::uint64_t>(queue.workspace_bytes()));
  preference.set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                 static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    preference.set(attribute, alignment_of(shape));
  }
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  check(cublasLtMatmulAlgoGetHeuristic(
      queue.blas(), product.description.handle, product.first.handle, product.second.handle,
      product.out.handle, product.out.handle, preference.handle, 1, &best, &found));
  require(found == 1, "cuBLASLt has no kernel for [{}, {}] by [{}, {}]", usual.m, usual.k, usual.k,
          usual.n);
  return best.algo;
}

const cublasLtMatmulAlgo_t& algorithm_for(const MatmulShape& shape, CudaQueue& queue) {
  const bool rows_count = shape.op_a == Op::plain;
  const std::array<std::int64_t, 5> key{rows_count ? 0 : shape.m, shape.n, rows_count ? shape.k : 0,
                                        static_cast<std::int64_t>(shape.op_a),
                                        static_cast<std::int64_t>(shape.op_b)};
  auto& known = queue.algorithms();
  auto found = known.find(key);
  if (found == known.end()) found = known.emplace(key, choose_algorithm(shape, queue)).first;
  return found->second;
}

}  // namespace

void cuda::multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
                    Stream& stream) {
  require(shape.precision == Precision::f32, Exit::usage,
          "products in bf16 and int8 are not available with run.device = \"cuda\" yet: set "
          "train.precision = \"f32\"; run.tf32 = true uses the tensor cores");
  CudaQueue& queue = cuda_queue(stream);
  const cublasLtMatmulAlgo_t& algorithm = algorithm_for(shape, queue);
  const Product product(shape, queue.tf32());
  const float one = 1.0F, keep = write == Write::add ? 1.0F : 0.0F;
  check(cublasLtMatmul(queue.blas(), product.description.handle, &one, b.as<float>(),
                       product.first.handle, a.as<float>(), product.second.handle, &keep,
                       out.as<float>(), product.out.handle, out.as<float>(), product.out.handle,
                       &algorithm, queue.workspace(),
                       static_cast<std::size_t>(queue.workspace_bytes()), queue.stream()));
}

}  // namespace switchyard
