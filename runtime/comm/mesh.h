// Mesh: a rank's place. World = replicas x experts; each axis is a communicator.
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

  int expert_degree() const { return experts->size(); }
};

// Collective. Requires: expert_degree divides world's size.
Mesh make_mesh(std::unique_ptr<Comm> world, int expert_degree);

// The largest divisor of world_size that is at most `limit`.
int largest_divisor(int world_size, int limit);

}  // namespace switchyard
