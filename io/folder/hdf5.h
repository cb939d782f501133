// HDF5 behind one door: nothing outside hdf5.cpp and hdf5_driver.cpp names an H5 function. Files
// are written once, by one rank, serially, with contiguous datasets, no filters, no creation times;
// they are read by pread at the recorded extents (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/folder/extent.h"

namespace switchyard {

class Hdf5Writer {
 public:
  // Creates the file; Exit::storage if it cannot. Bytes are hashed as they are written, in chunks
  // of `chunk_bytes`.
  Hdf5Writer(const std::filesystem::path& path, std::int64_t chunk_bytes);
  ~Hdf5Writer();  // removes the file unless finish() was called
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  // One contiguous dataset, groups made on the way ("a/b/c"). dtype: one that element_bytes()
  // knows. Any dim may be 0.
  void write(const std::string& name, const std::string& dtype,
             const std::vector<std::int64_t>& shape, const void* data);
  // The same in pieces: begin() makes the dataset, and append() writes its next bytes. Between the
  // two nothing else is written. The dataset is whole once all bytes that its shape needs came;
  // errors: Exit::internal for more of them, or for a next dataset or finish() before that.
  void begin(const std::string& name, const std::string& dtype,
             const std::vector<std::int64_t>& shape);
  void append(std::span<const std::byte> bytes);
  void attribute(const std::string& name,
                 const std::string& value);  // on the root group; below 64 KiB

  // The two halves of finish(): close() makes the file whole for readers, and sync() makes it last;
  // another thread may call that. Until then the destructor removes the file.
  FileEntry close();
  void sync();
  // Closes, fsyncs, and returns what the manifest must say about the file. Calls `meanwhile`, if
  // given, with that entry while the disk writes; readers find the file whole by then.
  FileEntry finish(const std::function<void(const FileEntry&)>& meanwhile = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard
