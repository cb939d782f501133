// What guests cost on this machine and network, measured between the ranks of an expert group.
#pragma once

#include <vector>

#include "experts/guest_experts.h"
#include "experts/step_placement.h"

namespace switchyard {

// Collective over the expert group. Returns the same on all its ranks: the largest of their times
// in picoseconds. node_of: [ranks]. Overwrites what is in the guests' slots.
StepCosts measured_costs(GuestExperts& guests, const GuestExperts::Home& home,
                         const std::vector<int>& node_of, Comm& experts, Arena& scratch,
                         Stream& stream);

}  // namespace switchyard
