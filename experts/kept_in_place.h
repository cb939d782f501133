// A packing of experts says who stands together; this says where, so that few experts move.
#pragma once

#include <vector>

#include "experts/placement.h"

namespace switchyard {

// hosted[rank]: experts, as many as the rank has slots in `now`. Ranks of one node with as many
// slots may swap all they host, so that the most experts stay on their ranks; those that stay keep
// their slots. node_of: [ranks].
Placement kept_in_place(const std::vector<std::vector<int>>& hosted, const Placement& now,
                        const std::vector<int>& node_of);

}  // namespace switchyard
