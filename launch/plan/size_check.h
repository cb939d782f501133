// Whether the bytes of a run can be counted, and whether a benchmark's case can be held, before
// anybody tries.
#pragma once

#include <cstdint>

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

// Errors: Exit::usage if a node's ranks would need an exbibyte or more, naming the setting that is
// furthest from those of models that were ever trained.
void check_countable(const RunShape& shape);

// Bytes of memory that programs can still have on this machine; what is installed where the system
// does not say.
std::int64_t available_memory();

}  // namespace switchyard::plan
