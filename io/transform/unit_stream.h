// Streams the units of a tensor plan: a thread reads the next one while the caller computes.
#pragma once

#include <functional>

#include "io/transform/engine.h"

namespace switchyard {

// Calls use(part, unit) for every unit of the plan, in order. Errors: of reading, and of `use`.
void for_each_unit(const TensorPlan& plan, ModelSources sources,
                   const std::function<void(const TensorPart&, const Unit&)>& use);

}  // namespace switchyard
