// StringTable: many strings in two datasets of a file, `name` with their bytes and `name`_offsets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/folder/chunk_reader.h"
#include "io/folder/hdf5.h"

namespace switchyard::prepare {

class StringTableWriter {
 public:
  void add(std::string_view text);
  std::int64_t size() const { return std::ssize(offsets_) - 1; }
  void write(Hdf5Writer& file, const std::string& name) const;

 private:
  std::string bytes_;
  std::vector<std::int64_t> offsets_ = {0};
};

// String i of the table whose bytes are extent `table` of the reader, its offsets the one after it.
// Errors: Exit::data if the offsets lie, so that no string is longer than the dataset.
std::string read_string(ChunkReader& reader, std::span<const FileExtent> extents,
                        std::int64_t table, std::int64_t i);

}  // namespace switchyard::prepare
