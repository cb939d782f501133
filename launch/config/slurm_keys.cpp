#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(SlurmConfig& slurm) {
  return {{"slurm.partition", &slurm.partition, Anything{}, Resume::free,
           "for `switchyard submit`; empty: Slurm's default"},
          {"slurm.account", &slurm.account, Anything{}, Resume::free, "likewise"},
          {"slurm.options", &slurm.options, Anything{}, Resume::free,
           "more of sbatch's options, separated by spaces"},
          {"slurm.setup", &slurm.setup, Lines{}, Resume::free,
           "lines of bash before the ranks start, such as module load"},
          {"slurm.memory_per_node", &slurm.memory_per_node, Anything{}, Resume::free,
           "of each node, such as \"64GiB\"; empty: what Slurm gives"}};
}

}  // namespace switchyard
