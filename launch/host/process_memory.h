// What the system says of this process's memory.
#pragma once

#include <cstdint>

namespace switchyard {

// Bytes that no file stands behind: what the program allocated. 0 where the system does not say.
std::int64_t anonymous_bytes();
// Of memory shared with other ranks, as far as this one has touched it.
std::int64_t shared_bytes();

}  // namespace switchyard
