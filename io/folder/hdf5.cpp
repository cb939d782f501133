#include "io/folder/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <future>
#include <limits>
#include <utility>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/hdf5_driver.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian numbers");

// An HDF5 identifier and the function that gives it back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;

  hid_t id() const { return id_; }
  herr_t reset() { return id_ < 0 ? 0 : close_(std::exchange(id_, H5I_INVALID_HID)); }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

herr_t take_description(unsigned, const H5E_error2_t* error, void* text) {
  *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// What HDF5 itself says about the call that failed last.
std::string innermost_error() {
  std::string text = "no reason given";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, take_description, &text);
  return text;
}

// The upper half of an f32: a sign, 8 bits of exponent, 7 of mantissa. Lives as long as the
// process.
hid_t bf16_type() {
  static const hid_t type = [] {
    const hid_t made = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(made, 15, 7, 8, 0, 7);
    H5Tset_size(made, 2);
    return made;
  }();
  return type;
}

hid_t type_of(std::string_view dtype) {
  const std::pair<std::string_view, hid_t> types[] = {
      {"i8", H5T_STD_I8LE},    {"u8", H5T_STD_U8LE},   {"i16", H5T_STD_I16LE},
      {"u16", H5T_STD_U16LE},  {"i32", H5T_STD_I32LE}, {"u32", H5T_STD_U32LE},
      {"i64", H5T_STD_I64LE},  {"u64", H5T_STD_U64LE}, {"f32", H5T_IEEE_F32LE},
      {"f64", H5T_IEEE_F64LE}, {"bf16", bf16_type()},
  };
  const auto* found = std::find_if(std::begin(types), std::end(types),
                                   [&](const auto& type) { return type.first == dtype; });
  require(found != std::end(types), "no dataset type is called '{}'", dtype);
  return found->second;
}

hid_t make_dataspace(const std::vector<std::int64_t>& shape) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  return H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
}

}  // namespace

struct Hdf5Writer::State {
  State(const std::filesystem::path& path, std::int64_t bytes_of_chunk)
      : chunk_bytes(bytes_of_chunk), new_file(path), driver(new_file), file(create(path)) {
    entry.name = path.filename().string();
  }

  Handle create(const std::filesystem::path& path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr,
                 nullptr);  // failures are reported by us, not printed by HDF5
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    driver.configure(access.id());
    return checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
  }

  // The disk's own failure speaks before HDF5's.
  void check(bool succeeded) const {
    driver.check();
    require(succeeded, "HDF5 failed to write {}: {}", new_file.path().string(), innermost_error());
  }

  Handle checked(hid_t id, herr_t (*close)(hid_t)) const {
    Handle handle(id, close);
    check(id >= 0);
    return handle;
  }

  void require_whole() const {
    if (entry.extents.empty()) return;
    const Extent& last = entry.extents.back();
    require(appended == last.bytes, "'{}' has {} bytes, and {} were written", last.name, last.bytes,
            appended);
  }

  std::int64_t chunk_bytes;
  durable::NewFile new_file;
  Hdf5Driver driver;
  Handle file;
  FileEntry entry;
  std::int64_t appended = 0;  // bytes of the last dataset
  Hasher chunk;               // of those of its chunk in progress
};

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path, std::int64_t chunk_bytes)
    : state_(std::make_unique<State>(path, chunk_bytes)) {}

Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::write(const std::string& name, const std::string& dtype,
                       const std::vector<std::int64_t>& shape, const void* data) {
  begin(name, dtype, shape);
  const std::int64_t bytes = state_->entry.extents.back().bytes;
  append({static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)});
}

void Hdf5Writer::begin(const std::string& name, const std::string& dtype,
                       const std::vector<std::int64_t>& shape) {
  state_->require_whole();
  const hid_t type = type_of(dtype);
  Extent extent;
  extent.name = name;
  extent.dtype = dtype;
  extent.shape = shape;
  extent.chunk_bytes = state_->chunk_bytes;
  extent.bytes = bytes_of_shape(shape, element_bytes(dtype));

  const Handle creation = state_->checked(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  state_->check(H5Pset_alloc_time(creation.id(), H5D_ALLOC_TIME_EARLY) >= 0);
  state_->check(H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER) >= 0);
  state_->check(H5Pset_obj_track_times(creation.id(), false) >= 0);
  const Handle links = state_->checked(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  state_->check(H5Pset_create_intermediate_group(links.id(), 1) >= 0);
  const Handle space = state_->checked(make_dataspace(shape), H5Sclose);
  const Handle dataset =
      state_->checked(H5Dcreate2(state_->file.id(), name.c_str(), type, space.id(), links.id(),
                                 creation.id(), H5P_DEFAULT),
                      H5Dclose);
  if (extent.bytes > 0) {
    const haddr_t offset = H5Dget_offset(dataset.id());
    state_->check(offset != HADDR_UNDEF);
    extent.offset = static_cast<std::int64_t>(offset);
  }
  state_->entry.extents.push_back(std::move(extent));
  state_->appended = 0;
}

// The bytes go where HDF5 keeps room for them, without passing through it.
void Hdf5Writer::append(std::span<const std::byte> bytes) {
  State& state = *state_;
  Extent& extent = state.entry.extents.back();
  require(std::ssize(bytes) <= extent.bytes - state.appended, "'{}' has {} bytes, and {} more come",
          extent.name, extent.bytes, state.appended + std::ssize(bytes) - extent.bytes);
  state.driver.write(static_cast<haddr_t>(extent.offset + state.appended), bytes.data(),
                     bytes.size());
  state.driver.check();
  while (!bytes.empty()) {
    const std::int64_t in_chunk = state.appended % extent.chunk_bytes;
    const std::int64_t left =
        std::min(extent.chunk_bytes - in_chunk, extent.bytes - state.appended);
    const auto part = bytes.first(static_cast<std::size_t>(std::min(left, std::ssize(bytes))));
    if (in_chunk == 0) state.chunk = Hasher();
    state.chunk.add(part.data(), std::ssize(part));
    if (std::ssize(part) == left) extent.chunk_hashes.push_back(state.chunk.hash());
    state.appended += std::ssize(part);
    bytes = bytes.subspan(part.size());
  }
}

void Hdf5Writer::attribute(const std::string& name, const std::string& value) {
  const Handle type = state_->checked(H5Tcopy(H5T_C_S1), H5Tclose);
  state_->check(H5Tset_size(type.id(), value.size() + 1) >= 0);
  state_->check(H5Tset_cset(type.id(), H5T_CSET_UTF8) >= 0);
  const Handle space = state_->checked(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute = state_->checked(
      H5Acreate2(state_->file.id(), name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  state_->check(H5Awrite(attribute.id(), type.id(), value.c_str()) >= 0);
}

FileEntry Hdf5Writer::close() {
  state_->require_whole();
  state_->check(state_->file.reset() >= 0);
  FileEntry& entry = state_->entry;
  entry.bytes = state_->new_file.size();
  entry.rest_hash = hash_rest(entry, [this](std::int64_t offset, std::span<std::byte> out) {
    state_->new_file.read_at(offset, out);
  });
  return std::move(entry);
}

void Hdf5Writer::sync() { state_->new_file.commit(); }

FileEntry Hdf5Writer::finish(const std::function<void(const FileEntry&)>& meanwhile) {
  FileEntry entry = close();
  if (meanwhile) {
    auto synced = std::async(std::launch::async, [this] { sync(); });
    meanwhile(entry);
    synced.get();
  } else {
    sync();
  }
  return entry;
}

}  // namespace switchyard
