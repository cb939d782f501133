#pragma once

namespace switchyard {

// Within a body of parallel_for (runtime/device/stream.h) that runs beside others: its own loops
// run on its thread alone, and memory that bodies share is not its own.
bool beside_other_threads();

}  // namespace switchyard
