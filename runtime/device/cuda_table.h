// Tables that the host makes and a kernel reads. For .cu files.
#pragma once

#include <cstring>
#include <vector>

#include "runtime/device/host_access.h"

namespace switchyard {

// Returns the table in memory of the GPU, which lives as long as the arena's. Nothing waits.
template <class T>
const T* on_gpu(const std::vector<T>& table, Arena& arena, Stream& stream) {
  const auto bytes = static_cast<std::int64_t>(table.size() * sizeof(T));
  HostWrite copy(arena.take({bytes}, DType::u8), stream);
  std::memcpy(copy.tensor().data, table.data(), static_cast<std::size_t>(bytes));
  return static_cast<const T*>(copy.send().data);
}

}  // namespace switchyard
