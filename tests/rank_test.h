// For tests that run on several ranks: the world, and a main() whose verdict is that of all ranks.
#pragma once

#include "runtime/comm/comm.h"

namespace switchyard {

// The world of this test program. Between collectives use EXPECT: an ASSERT that returns early on
// one rank hangs the rest.
Comm& test_world();

}  // namespace switchyard
