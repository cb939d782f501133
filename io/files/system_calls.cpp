#include "io/files/system_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace switchyard::durable::system_calls {

int open(const char* path, int flags) { return ::open(path, flags | O_CLOEXEC, 0666); }

ssize_t write(int descriptor, const void* data, std::size_t bytes) {
  return ::write(descriptor, data, bytes);
}

ssize_t pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  return ::pwrite(descriptor, data, bytes, offset);
}

int ftruncate(int descriptor, off_t bytes) { return ::ftruncate(descriptor, bytes); }
int fsync(int descriptor) { return ::fsync(descriptor); }
int close(int descriptor) { return ::close(descriptor); }
int mkdir(const char* path) { return ::mkdir(path, 0777); }
int rename(const char* from, const char* to) { return ::rename(from, to); }
int remove(const char* path) { return std::remove(path); }

}  // namespace switchyard::durable::system_calls
