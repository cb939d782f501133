#include "runtime/comm/mesh.h"

#include <algorithm>

namespace switchyard {

Mesh make_mesh(std::unique_ptr<Comm> world, int expert_degree) {
  require(expert_degree >= 1 && world->size() % expert_degree == 0,
          "an expert degree of {} for {} ranks", expert_degree, world->size());
  const int rank = world->rank();
  Mesh mesh;
  mesh.experts = world->split(rank / expert_degree, rank);
  mesh.replicas = world->split(rank % expert_degree, rank);
  mesh.node = world->split_node();
  mesh.world = std::move(world);
  return mesh;
}

void join_islands(Mesh& mesh, std::unique_ptr<Comm> job, int num_islands) {
  require(num_islands >= 1 && job->size() == num_islands * mesh.world->size(),
          "{} islands of {} ranks in a job of {}", num_islands, mesh.world->size(), job->size());
  mesh.peers = job->split(job->rank() % mesh.world->size(), job->rank());
  mesh.all_islands = std::move(job);
}

int largest_divisor(int world_size, int limit) {
  int divisor = std::clamp(limit, 1, world_size);
  while (world_size % divisor != 0) --divisor;
  return divisor;
}

}  // namespace switchyard
