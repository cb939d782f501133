// The oneDNN handles of a stream, and the products they are asked for: single calls on the calling
// thread.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/product/matmul.h"
#include "runtime/product/operand.h"

namespace switchyard {

class MatmulLibrary final : public ProductHandles {
 public:
  MatmulLibrary();
  ~MatmulLibrary() override;
  MatmulLibrary(const MatmulLibrary&) = delete;
  MatmulLibrary& operator=(const MatmulLibrary&) = delete;

  // out (= or +=) op(a) op(b), in one library call on the calling thread. out is dense. Safe from
  // many threads. a and b have one element type.
  void run(const MatmulShape& shape, Write write, Operand a, Operand b, float* out);
  // out = a b^T, in integers. a: [m, k], b: [n, k], dense; k <= int8_terms.
  void run_int8(std::int64_t m, std::int64_t n, std::int64_t k, const std::int8_t* a,
                const std::int8_t* b, std::int32_t* out);

  // What the processor has instructions for and the library got right when it was tried: AMX or
  // AVX512-BF16; exact sums of int8 products, which take VNNI.
  bool multiplies_bf16() const { return bf16_ && !fallback_; }
  bool multiplies_int8() const { return int8_ && !fallback_; }

  // The stride at which rows of `cols` elements are multiplied fastest; `cols` if dense is fine.
  std::int64_t good_stride(std::int64_t cols) const;

  // Whether rows by a matrix of n columns and k rows are left to our own kernel, which takes any
  // number of them: the matrices of small experts, which few rows meet. A function of the sizes and
  // the processor alone, as the bits of a row must not depend on how many there are.
  bool leaves_to_own(std::int64_t n, std::int64_t k) const;

  // From now on run() uses our own kernel (runtime/product/own_matmul.h).
  void use_fallback() { fallback_ = true; }
  bool uses_fallback() const { return fallback_; }

 private:
  bool try_bf16();
  bool try_int8();

  struct State;
  std::unique_ptr<State> state_;
  bool fallback_ = false;
  bool bf16_ = false, int8_ = false;
};

// The library's handles of a stream.
MatmulLibrary& matmul_library(Stream& stream);

}  // namespace switchyard
