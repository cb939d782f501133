#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(RunConfig& run) {
  return {{"run.directory", &run.directory, Path{}, Resume::free,
           "folder for everything the run keeps, relative to the current directory"},
          {"run.threads", &run.threads, Range{0, 4096}, Resume::free,
           "threads per rank; 0 shares this node's cores among its ranks"},
          {"run.device", &run.device, Anything{}, Resume::free, "device to compute on"},
          {"run.tf32", &run.tf32, Anything{}, Resume::free,
           "on a GPU, round the operands of products to TF32, which is faster"},
          {"run.check_memory", &run.check_memory, Anything{}, Resume::free,
           "refuse to start if the ranks of a node need more memory than it has left"}};
}

}  // namespace switchyard
