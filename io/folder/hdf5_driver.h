// The file driver behind Hdf5Writer: HDF5's bytes go through durable::NewFile, which knows why a
// write failed.
#pragma once

#include <hdf5.h>

#include <optional>

#include "io/files/durable.h"
#include "runtime/error.h"

namespace switchyard {

// One HDF5 file at a time. After a failure the driver drops further writes without an error, so
// that HDF5 can still close its file and free its memory (it cannot close a file that it cannot
// write); check() throws what happened.
class Hdf5Driver {
 public:
  explicit Hdf5Driver(durable::NewFile& file);
  ~Hdf5Driver();
  Hdf5Driver(const Hdf5Driver&) = delete;
  Hdf5Driver& operator=(const Hdf5Driver&) = delete;

  void configure(hid_t access_list) const;
  void check() const;

  // For the driver's callbacks. False if the file failed, now or earlier.
  bool write(haddr_t address, const void* data, std::size_t bytes);
  bool read(haddr_t address, void* data, std::size_t bytes);
  bool resize(haddr_t bytes);
  haddr_t size() const { return static_cast<haddr_t>(file_.size()); }

 private:
  template <class Work>
  bool attempt(Work work);

  durable::NewFile& file_;
  std::optional<Error> failure_;
  hid_t driver_ = H5I_INVALID_HID;
};

}  // namespace switchyard
