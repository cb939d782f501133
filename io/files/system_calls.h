// The system calls that change files, one function each: the seam at which the crash lab
// (tests/crash_lab) records what a save does, and stops, kills or fails it. Programs link
// system_calls.cpp; those of the lab link tests/crash_lab/faulty_calls.cpp instead.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace switchyard::durable::system_calls {

// Each makes the call of that name (man section 2), and keeps its result and errno.
int open(const char* path, int flags);  // new files with mode 0666, O_CLOEXEC added
ssize_t write(int descriptor, const void* data, std::size_t bytes);
ssize_t pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset);
int ftruncate(int descriptor, off_t bytes);
int fsync(int descriptor);  // of a file or a folder
int close(int descriptor);
int mkdir(const char* path);
int rename(const char* from, const char* to);
int remove(const char* path);  // a file, or an empty folder

}  // namespace switchyard::durable::system_calls
