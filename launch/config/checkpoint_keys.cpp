#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(CheckpointConfig& checkpoint) {
  return {{"checkpoint.keep", &checkpoint.keep, Range{2, 1e6}, Resume::free,
           "number of newest good checkpoints to keep"},
          {"checkpoint.keep_every", &checkpoint.keep_every, Range{0, max_count}, Resume::free,
           "also keep those of every K-th step; 0: none"},
          {"checkpoint.keep_best", &checkpoint.keep_best, Range{0, 1e6}, Resume::free,
           "also keep this many with the lowest validation losses"},
          {"checkpoint.async", &checkpoint.async, Anything{}, Resume::free,
           "write while training continues, from a copy in memory"},
          {"checkpoint.write_rate", &checkpoint.write_rate, Range{0, max_count}, Resume::free,
           "bytes per second that a rank writes while training continues; 0: no limit"},
          {"checkpoint.local_dir", &checkpoint.local_dir, Path{}, Resume::free,
           "folder on a node-local disk, for checkpoints in between; empty: none"},
          {"checkpoint.local_every", &checkpoint.local_every, Range{0, max_count}, Resume::free,
           "steps between node-local checkpoints; 0: none"},
          {"checkpoint.local_set", &checkpoint.local_set, Range{2, 1024}, Resume::free,
           "nodes of a set, which survives the loss of one: 2 keep copies, more keep XOR parity"},
          {"checkpoint.local_ranks_per_node", &checkpoint.local_ranks_per_node, Range{0, 1 << 20},
           Resume::free,
           "node-local checkpoints as if nodes had this many ranks; 0 uses the real number"}};
}

}  // namespace switchyard
