// The oneDNN handles of a stream, and single products on the calling thread.
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

  // True if the processor has the instructions (AMX or AVX512-BF16; VNNI for exact sums of int8
  // products) and the library passed a trial.
  bool multiplies_bf16() const { return bf16_ && !fallback_; }
  bool multiplies_int8() const { return int8_ && !fallback_; }

  // The stride with which rows of `cols` elements are multiplied fastest; `cols` if dense is fine.
  std::int64_t good_stride(std::int64_t cols) const;

  // Whether our own kernel multiplies rows by a matrix of k rows and n columns. It does so for the
  // matrices of small experts, which multiply few rows. This depends on the sizes and the processor
  // alone, because the bits of a row must not depend on the number of rows.
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

// Returns the library's handles of a stream.
MatmulLibrary& matmul_library(Stream& stream);

}  // namespace switchyard
