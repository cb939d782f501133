// The memory of this process, as the system reports it.
#pragma once

#include <cstdint>

namespace switchyard {

// Bytes that the program allocated, which are not backed by a file. 0 if the system does not say.
std::int64_t anonymous_bytes();
// Bytes shared with other ranks that this one has touched.
std::int64_t shared_bytes();

}  // namespace switchyard
