#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(SlurmConfig& slurm) {
  return {{"slurm.partition", &slurm.partition, Anything{}, Resume::free,
           "partition for `switchyard submit`; empty: Slurm's default"},
          {"slurm.account", &slurm.account, Anything{}, Resume::free,
           "account for `switchyard submit`; empty: Slurm's default"},
          {"slurm.options", &slurm.options, Anything{}, Resume::free,
           "further options for sbatch, separated by spaces"},
          {"slurm.setup", &slurm.setup, Lines{}, Resume::free,
           "lines of bash to run before the ranks start, such as module load"},
          {"slurm.memory_per_node", &slurm.memory_per_node, Anything{}, Resume::free,
           "memory of each node, such as \"64GiB\"; empty: Slurm's default"},
          {"slurm.memory_per_gpu", &slurm.memory_per_gpu, Anything{}, Resume::free,
           "memory of each GPU, such as \"80GiB\"; empty: not checked"}};
}

}  // namespace switchyard
