// Mesh: who I am. World = replicas x experts; each axis is a communicator.
#pragma once

#include <memory>

#include "runtime/comm/comm.h"

namespace switchyard {

struct Mesh {
  std::unique_ptr<Comm> world;
  std::unique_ptr<Comm> experts;  // the ranks of my expert group, consecutive in world: together
                                  // they host every expert once
  std::unique_ptr<Comm>
      replicas;                // the ranks with my index in each group: they host the same experts
  std::unique_ptr<Comm> node;  // the ranks that share memory with me

  int expert_degree() const { return experts->size(); }
};

// Collective. Requires: expert_degree divides world's size.
Mesh make_mesh(std::unique_ptr<Comm> world, int expert_degree);

// The largest divisor of world_size that is at most `limit`.
int largest_divisor(int world_size, int limit);

}  // namespace switchyard
