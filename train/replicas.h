// The ranks that hold the same parameters, as a communicator.
#pragma once

#include "runtime/comm/mesh.h"
#include "runtime/params/param_region.h"

namespace switchyard {

inline Comm& replicas_of(const ParamRegion& region, const Mesh& mesh) {
  return region.axis() == ReplicaAxis::world ? *mesh.world : *mesh.replicas;
}

}  // namespace switchyard
