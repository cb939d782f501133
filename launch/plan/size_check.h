// Checks the sizes of a run before its bytes are counted.
#pragma once

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

// Errors: Exit::usage if the ranks of a node would need an exbibyte or more, naming the setting
// that is furthest from the usual ones.
void check_countable(const RunShape& shape);

}  // namespace switchyard::plan
