// What others throw, or the system answers, with the exit code that it deserves here.
#pragma once

#include <exception>

#include "runtime/error.h"

namespace switchyard {

// Exit::usage for a path that cannot work (missing, not a folder, no permission, read-only file
// system), otherwise Exit::storage (ENOSPC, EDQUOT, EIO and what else a disk may answer).
Exit exit_of_system(int error);

// An Error as it is; what std::filesystem throws, or a disk that is full or broken, by its number;
// std::bad_alloc as Exit::usage, since it will not fit the next time either; else Exit::internal.
Error error_of(const std::exception& thrown);

}  // namespace switchyard
