// Mesh: a rank's place. World = replicas x experts; each axis is a communicator. A job of several
// islands has one world for each of them (train/islands).
#pragma once

#include <memory>

#include "runtime/comm/comm.h"

namespace switchyard {

struct Mesh {
  std::unique_ptr<Comm> world;
  std::unique_ptr<Comm> experts;  // the ranks of this expert group, consecutive in world;
                                  // together they host every expert once
  std::unique_ptr<Comm>
      replicas;                // the ranks at this place of every group: they host the same experts
  std::unique_ptr<Comm> node;  // the ranks that share memory with this one
  // Of a job of several islands, on the host; otherwise null.
  std::unique_ptr<Comm> all_islands;  // every rank, island by island
  std::unique_ptr<Comm> peers;        // the ranks at this place of every island, in their order

  int expert_degree() const { return experts->size(); }
  // All ranks that train together.
  Comm& job() const { return all_islands ? *all_islands : *world; }
  int island() const { return peers ? peers->rank() : 0; }
  int num_islands() const { return peers ? peers->size() : 1; }
};

// Collective. Requires: expert_degree divides world's size.
Mesh make_mesh(std::unique_ptr<Comm> world, int expert_degree);

// The island of a rank: consecutive ranks form an island. Requires: num_islands divides num_ranks.
constexpr int island_of(int rank, int num_ranks, int num_islands) {
  return rank / (num_ranks / num_islands);
}
// Collective over job. Makes the mesh of an island one of several. world: the ranks of this island.
void join_islands(Mesh& mesh, std::unique_ptr<Comm> job, int num_islands);

// The largest divisor of world_size that is at most `limit`.
int largest_divisor(int world_size, int limit);

}  // namespace switchyard
