// What would make a run fit into its memory: found by counting, so that the advice is possible.
#pragma once

#include <functional>
#include <string>

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

// fits: whether a shape does; this one does not. Returns a sentence, without its full stop, with
// the changes of layout or settings that help, each by itself, else with those that help together,
// or says that none does.
std::string memory_advice(const RunShape& shape, const std::function<bool(const RunShape&)>& fits);

}  // namespace switchyard::plan
