// StringTable: many strings in two datasets of a file, `name` with their bytes and `name`_offsets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/folder/checked_extent.h"
#include "io/folder/hdf5.h"

namespace switchyard {

class StringTableWriter {
 public:
  void add(std::string_view text);
  std::int64_t size() const { return std::ssize(offsets_) - 1; }
  void write(Hdf5Writer& file, const std::string& name) const;

 private:
  std::string bytes_;
  std::vector<std::int64_t> offsets_ = {0};
};

class StringTableReader {
 public:
  // Errors: Exit::data if the file does not hold such a table.
  StringTableReader(const FileEntry& entry, const std::string& name);

  std::int64_t size() const { return offsets_.rows() - 1; }
  // Errors: Exit::data if the offsets lie, so that no string is longer than the dataset.
  std::string at(const durable::File& file, std::int64_t i);
  void release();

 private:
  CheckedExtent bytes_, offsets_;
};

}  // namespace switchyard
