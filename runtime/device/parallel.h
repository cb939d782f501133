#pragma once

namespace switchyard {

// True within a body of parallel_for (runtime/device/stream.h) that runs beside other bodies. Loops
// in such a body run on its own thread, and it must not use memory that is shared between bodies.
bool beside_other_threads();

}  // namespace switchyard
