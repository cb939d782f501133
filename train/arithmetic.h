// The arithmetic of a job: tested on every rank when it starts, and named by a fingerprint.
#pragma once

#include <string>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/product/matmul.h"

namespace switchyard {

struct Arithmetic {
  std::string fingerprint;      // hex; equal fingerprints compute equal bits
  bool library_repeats = true;  // false: matrix products use our own kernel on all ranks
};

// Collective. Tests every product on every rank. Errors: agreed, Exit::usage if ranks compute
// different bits.
Arithmetic agree_on_arithmetic(const std::vector<MatmulShape>& shapes, Comm& world, Stream& stream);

// For the log: which products this processor lacks instructions for, and how it computes them
// instead. Empty if it has them all.
std::string emulation_note(const ProductPrecision& precision, Stream& stream);

}  // namespace switchyard
