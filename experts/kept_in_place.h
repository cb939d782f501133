// A packing says which experts share a rank; kept_in_place chooses the rank and the slots so that
// few experts move.
#pragma once

#include <vector>

#include "experts/placement.h"

namespace switchyard {

// hosted[rank]: as many experts as the rank has slots in `now`. Ranks of one node with equally many
// slots may swap all they host, so that more experts stay on their ranks; those that stay keep
// their slots. node_of: [ranks].
Placement kept_in_place(const std::vector<std::vector<int>>& hosted, const Placement& now,
                        const std::vector<int>& node_of);

}  // namespace switchyard
