#include "io/local/local_disks.h"

#include <fmt/format.h>

#include <utility>

namespace switchyard {

LocalDisks find_local_disks(const LocalStorage& storage, Comm& world) {
  LocalDisks disks{storage.directory / storage.run, make_topology(world, storage.ranks_per_node),
                   storage.set_nodes};
  if (storage.ranks_per_node > 0) {
    disks.folder = storage.directory / fmt::format("node-{}", disks.topology.my_node) / storage.run;
  }
  return disks;
}

}  // namespace switchyard
