// The oneDNN handles of a stream, and the one product they are asked for: a single call on the
// calling thread.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/matmul.h"

namespace switchyard {

// A matrix as it is stored: its rows begin `stride` elements apart.
struct Operand {
  const float* data;
  std::int64_t stride;
};

class MatmulLibrary {
 public:
  MatmulLibrary();
  ~MatmulLibrary();
  MatmulLibrary(const MatmulLibrary&) = delete;
  MatmulLibrary& operator=(const MatmulLibrary&) = delete;

  // out (= or +=) op(a) op(b), in one library call on the calling thread. out is dense. Safe from
  // many threads.
  void run(const MatmulShape& shape, Write write, Operand a, Operand b, float* out);

  // The stride at which rows of `cols` elements are multiplied fastest; `cols` if dense is fine.
  std::int64_t good_stride(std::int64_t cols) const;

  // From now on run() uses our own kernel (runtime/matmul_fallback.h).
  void use_fallback() { fallback_ = true; }
  bool uses_fallback() const { return fallback_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool fallback_ = false;
};

}  // namespace switchyard
