// Checks the sizes of a run before its bytes are counted, and says how much memory is available.
#pragma once

#include <cstdint>

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

// Errors: Exit::usage if the ranks of a node would need an exbibyte or more, naming the setting
// that is furthest from the usual ones.
void check_countable(const RunShape& shape);

// Returns the bytes of memory that programs can still allocate on this machine, or those installed
// if the system does not say.
std::int64_t available_memory();

}  // namespace switchyard::plan
