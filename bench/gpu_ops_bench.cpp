// gpu_ops_bench [TOKENS]: a roofline for every kernel of a training step on one GPU. Rates are
// shares of a limit that is measured when the program starts: a copy of 256 MiB, read and written,
// for ops that memory limits, and a product of 4,096 cubed by cuBLASLt in the same precision for
// ops that arithmetic limits. Bytes count each argument of an op once; if an op moves more, as a
// sort does, its share is smaller. Data that fits the GPU's cache can exceed the copy. TOKENS:
// tokens of a micro-batch, 8192 by default. With less than 1024 all sizes are small, which tests
// the program and measures nothing.
#include <cstdlib>

#include "bench/gpu_rows.h"

int main(int argc, char** argv) {
  using namespace switchyard;
  const std::int64_t tokens = argc > 1 ? std::atoll(argv[1]) : 8192;
  if (tokens < row_tile || tokens % row_tile != 0) {
    fmt::print(stderr, "usage: gpu_ops_bench [TOKENS], a multiple of {}\n", row_tile);
    return 2;
  }
  try {
    Gpu gpu(sizes_for(tokens));
    Roofline roofline(gpu);
    measure_products(gpu, roofline);
    measure_model(gpu, roofline);
    measure_gates(gpu, roofline);
    measure_routing(gpu, roofline);
    measure_elementwise(gpu, roofline);
  } catch (const Error& error) {
    fmt::print(stderr, "gpu_ops_bench: {}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
