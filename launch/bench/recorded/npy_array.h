// Arrays of integers in NumPy's format .npy (numpy.lib.format, versions 1 to 3).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace switchyard::bench {

struct IntegerArray {
  std::vector<std::int64_t> shape;
  std::vector<std::int32_t> values;  // in C order
};

// Errors: Exit::data for other types than integers of 1 to 8 bytes, little-endian, in C order; for
// a value beyond 32 bits; and for a file that is cut or has bytes too many.
IntegerArray read_npy(const std::filesystem::path& path);

}  // namespace switchyard::bench
