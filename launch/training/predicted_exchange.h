// The exchange of a run whose site is described by a file (router.cluster).
#pragma once

#include "launch/config/config.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

// Collective. Returns the router of the config. With router.exchange = "auto" and router.cluster it
// has the exchange that is predicted to take the least time for a balanced micro-batch on the nodes
// of this start. It has none, so that "auto" measures, if the expert group is one rank or lies on
// several nodes with unequal numbers of ranks, or if the file describes one node and the group has
// several. Errors: agreed; Exit::usage for a file that is no cluster.
RouterConfig with_predicted_exchange(const Config& config, Device device, Mesh& mesh);

}  // namespace switchyard
