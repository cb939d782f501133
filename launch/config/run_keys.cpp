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
           "refuse to start if the ranks of a node need more memory than it has left"},
          {"run.watts", &run.watts, Range{0, 1e6}, Resume::free,
           "power of a node, for the account of energy; 0 reads the processors' counters, where "
           "there are any"},
          {"run.grams_co2_per_kwh", &run.grams_co2_per_kwh, Range{0, 1e5}, Resume::free,
           "CO2 that a kWh of this site's electricity emits; 0: unknown"}};
}

}  // namespace switchyard
