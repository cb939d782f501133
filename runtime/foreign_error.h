// Exceptions of other libraries and error numbers of the system, each with its exit code.
#pragma once

#include <exception>

#include "runtime/error.h"

namespace switchyard {

// Exit::usage for a path that cannot work (missing, not a folder, no permission, read-only file
// system), otherwise Exit::storage (ENOSPC, EDQUOT, EIO and whatever else a disk may report).
Exit exit_of_system(int error);

// Returns an Error unchanged. An exception of std::filesystem, or of a disk that is full or broken,
// gets the code of its error number; std::bad_alloc gets Exit::usage, because the same run would
// run out of memory again; anything else gets Exit::internal.
Error error_of(const std::exception& thrown);

}  // namespace switchyard
