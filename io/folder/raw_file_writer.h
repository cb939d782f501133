// RawFileWriter: writes a file of a committed folder that is one dataset and nothing else, from its
// first byte to its last.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/extent.h"

namespace switchyard {

class RawFileWriter {
 public:
  // Creates the file; it is removed again unless finish() is called. dataset: its name in the
  // manifest.
  RawFileWriter(const std::filesystem::path& path, const std::string& dataset,
                std::int64_t chunk_bytes);

  void append(std::span<const std::byte> bytes);  // hashed on the way, chunk by chunk
  FileEntry finish();                             // fsynced

 private:
  void end_chunk();

  durable::NewFile file_;
  FileEntry entry_;
  Hasher hasher_;
  std::int64_t in_chunk_ = 0;  // bytes of the last chunk so far
};

}  // namespace switchyard
