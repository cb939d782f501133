#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(RunConfig& run) {
  return {{"run.directory", &run.directory, Anything{}, Resume::free,
           "where the run keeps everything; from the current directory"},
          {"run.threads", &run.threads, Range{0, 4096}, Resume::free,
           "per rank; 0: this node's cores shared by its ranks"},
          {"run.device", &run.device, Anything{}, Resume::free, "where to compute"},
          {"run.tf32", &run.tf32, Anything{}, Resume::free,
           "on a GPU, round the operands of products to TF32, which is faster"}};
}

}  // namespace switchyard
