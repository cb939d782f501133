#include "io/folder/hdf5_driver.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

namespace switchyard {
namespace {

// What HDF5 copies with the access list: where to find the driver.
struct Target {
  Hdf5Driver* driver;
};

struct OpenFile : H5FD_t {
  Hdf5Driver* driver = nullptr;
  haddr_t end_of_allocation = 0;
};

OpenFile& open_file(H5FD_t* file) { return *static_cast<OpenFile*>(file); }
const OpenFile& open_file(const H5FD_t* file) { return *static_cast<const OpenFile*>(file); }

H5FD_t* open(const char*, unsigned, hid_t access_list, haddr_t) {
  auto file = std::make_unique<OpenFile>();
  file->driver = static_cast<const Target*>(H5Pget_driver_info(access_list))->driver;
  return file.release();
}

herr_t close(H5FD_t* file) {
  const std::unique_ptr<OpenFile> owner(&open_file(file));
  return 0;
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  *flags =
      H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_end_of_allocation(const H5FD_t* file, H5FD_mem_t) {
  return open_file(file).end_of_allocation;
}

herr_t set_end_of_allocation(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  open_file(file).end_of_allocation = address;
  return 0;
}

haddr_t get_end_of_file(const H5FD_t* file, H5FD_mem_t) { return open_file(file).driver->size(); }

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, size_t bytes, void* data) {
  return open_file(file).driver->read(address, data, bytes) ? 0 : -1;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, size_t bytes, const void* data) {
  open_file(file).driver->write(address, data, bytes);
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  open_file(file).driver->resize(open_file(file).end_of_allocation);
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t result{};
  result.name = "switchyard_durable";
  result.maxaddr = static_cast<haddr_t>(std::numeric_limits<std::int64_t>::max());
  result.fc_degree = H5F_CLOSE_STRONG;
  result.fapl_size = sizeof(Target);
  result.open = open;
  result.close = close;
  result.query = query;
  result.get_eoa = get_end_of_allocation;
  result.set_eoa = set_end_of_allocation;
  result.get_eof = get_end_of_file;
  result.read = read;
  result.write = write;
  result.truncate = truncate;
  const H5FD_mem_t free_lists[] = H5FD_FLMAP_DICHOTOMY;  // metadata apart from raw data
  std::copy(std::begin(free_lists), std::end(free_lists), result.fl_map);
  return result;
}

}  // namespace

Hdf5Driver::Hdf5Driver(durable::NewFile& file) : file_(file) {
  const H5FD_class_t description = driver_class();
  driver_ = H5FDregister(&description);
  require(driver_ >= 0, "HDF5 refused the file driver");
}

Hdf5Driver::~Hdf5Driver() { H5FDunregister(driver_); }

void Hdf5Driver::configure(hid_t access_list) const {
  const Target target{const_cast<Hdf5Driver*>(this)};
  require(H5Pset_driver(access_list, driver_, &target) >= 0, "HDF5 refused the file driver");
}

void Hdf5Driver::check() const {
  if (failure_) throw Error(*failure_);
}

template <class Work>
bool Hdf5Driver::attempt(Work work) {
  if (failure_) return false;
  try {
    work();
    return true;
  } catch (const Error& error) {  // must not pass through HDF5's C frames
    failure_ = error;
    return false;
  }
}

bool Hdf5Driver::write(haddr_t address, const void* data, std::size_t bytes) {
  return attempt([&] {
    file_.write_at(static_cast<std::int64_t>(address),
                   std::string_view(static_cast<const char*>(data), bytes));
  });
}

bool Hdf5Driver::read(haddr_t address, void* data, std::size_t bytes) {
  return attempt([&] {
    file_.read_at(static_cast<std::int64_t>(address),
                  std::span(static_cast<std::byte*>(data), bytes));
  });
}

bool Hdf5Driver::resize(haddr_t bytes) {
  return attempt([&] { file_.resize(static_cast<std::int64_t>(bytes)); });
}

}  // namespace switchyard
