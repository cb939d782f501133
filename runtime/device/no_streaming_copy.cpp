// Linked where the processor is not an x86-64.
#include <cstring>

#include "runtime/device/streaming_copy.h"

namespace switchyard {

void copy_streaming(const void* from, void* to, std::size_t bytes) { std::memcpy(to, from, bytes); }

void finish_streaming() {}

void copy_requesting(const void* from, void* to, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

}  // namespace switchyard
