// The ranks that hold the same parameters, as a communicator.
#pragma once

#include "runtime/comm/mesh.h"
#include "runtime/params/params.h"

namespace switchyard {

inline Comm& replicas_of(const ParamRegion& region, const Mesh& mesh) {
  return region.axis() == ReplicaAxis::world ? *mesh.world : *mesh.replicas;
}

// Calls work(region, replicas, sizes) for each trained region that other ranks hold, too; sizes:
// the elements of it that each replica owns.
template <class Work>
void for_replicated_regions(const Params& params, const Mesh& mesh, Work work) {
  for (const ParamRegion& region : params.regions()) {
    Comm& replicas = replicas_of(region, mesh);
    if (region.trained() && region.size() > 0 && replicas.size() > 1)
      work(region, replicas, region.owned_sizes());
  }
}

// Collective. Afterwards every replica has the values of their owners.
void gather_values(Params& params, Mesh& mesh, Stream& stream);

}  // namespace switchyard
