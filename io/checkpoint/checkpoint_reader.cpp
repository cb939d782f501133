#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/checkpoint/checkpoint_reader_state.h"
#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/committed_folder.h"
#include "io/safetensors/narrow.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/narrow.h"

namespace switchyard {
namespace {

DType dtype_called(const std::string& name, const std::string& tensor) {
  for (const DType dtype :
       {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8, DType::i8, DType::bf16}) {
    if (name == name_of(dtype)) return dtype;
  }
  fail(Exit::data, "'{}' has the type '{}', which this program does not know", tensor, name);
}

Shape shape_of(const std::vector<std::int64_t>& dims, const std::string& tensor) {
  switch (dims.size()) {
    case 0:
      return {};
    case 1:
      return {dims[0]};
    case 2:
      return {dims[0], dims[1]};
    case 3:
      return {dims[0], dims[1], dims[2]};
    case 4:
      return {dims[0], dims[1], dims[2], dims[3]};
    default:
      fail(Exit::data, "'{}' has {} dims, and a tensor has at most 4", tensor, dims.size());
  }
}

constexpr std::int64_t largest_step = 1'000'000'000'000'000;

const FolderKind kinds[] = {{checkpoint_kind, checkpoint_version}, {model_kind, model_version}};

// What the hash of a tensor begins with.
std::string head_of(const std::string& name, const TensorPlace& place) {
  return fmt::format("{}\n{} {}\n", name, name_of(place.dtype), place.shape.text());
}

void require_elements(const std::string& name, const Shape& shape, std::int64_t begin,
                      std::int64_t count) {
  require(begin >= 0 && begin + count <= shape.size(), "'{}' has {} elements, not {}", name,
          shape.size(), begin + count);
}

std::map<std::string, TensorPlace> places_of(const Manifest& manifest) {
  std::map<std::string, TensorPlace> places;
  for (const FileEntry& file : manifest.files) {
    for (const Extent& extent : file.extents) {
      const std::string& name = extent.name;
      const bool half = extent.dtype == "f16";
      const TensorPlace place{&file, &extent, shape_of(extent.shape, name),
                              half ? DType::f32 : dtype_called(extent.dtype, name), half};
      require(places.emplace(name, place).second, Exit::data, "the tensor '{}' occurs twice", name);
    }
  }
  return places;
}

}  // namespace

CheckpointReader::State::State(std::filesystem::path from, Manifest checked)
    : folder(std::move(from)), manifest(std::move(checked)) {
  const JsonFields fields(manifest.meta, "manifest", (folder / manifest_name).string());
  if (manifest.kind == checkpoint_kind || fields.has("step"))
    step = fields.integer("step", 0, largest_step);
  require(manifest.meta.contains("meta"), Exit::data, "the manifest of {} has no 'meta'",
          folder.string());
  const auto named = parse_checkpoint_folder_name(folder.filename().string());
  require(!named || named->step == step, Exit::data,
          "{} is of step {}, and its folder has the name of another step: give it its own name",
          (folder / manifest_name).string(), step.value_or(0));
  try {
    places = places_of(manifest);
    coded = coded_among(places);
  } catch (const Error& error) {
    fail(error.code(), "cannot use {}: {}", folder.string(), error.what());
  }
}

CheckpointReader::CheckpointReader(std::unique_ptr<State> state) : state_(std::move(state)) {}

CheckpointReader::CheckpointReader(const std::filesystem::path& folder)
    : state_(std::make_unique<State>(folder, open_folder(folder, kinds))) {}

CheckpointReader::CheckpointReader(std::filesystem::path folder, Manifest manifest,
                                   std::map<std::string, std::string> files)
    : state_(std::make_unique<State>(std::move(folder), std::move(manifest))) {
  state_->files = std::move(files);
}

CheckpointReader CheckpointReader::open_on_all(const std::filesystem::path& folder, Comm& world) {
  std::unique_ptr<State> state;
  std::string path, text;
  on_root(world, [&] {
    state = std::move(CheckpointReader(folder).state_);
    path = folder.string();
    text = manifest_text(state->manifest);
  });
  path = broadcast_text(world, path, 0);
  text = broadcast_text(world, text, 0);
  agree(world, [&] {
    if (world.rank() == 0) return;
    state = std::make_unique<State>(path, parse_manifest(text, kinds));
    state->patience = std::chrono::seconds{60};
  });
  return CheckpointReader(std::move(state));
}

CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;

const std::filesystem::path& CheckpointReader::folder() const { return state_->folder; }
const std::string& CheckpointReader::kind() const { return state_->manifest.kind; }
bool CheckpointReader::is_model() const { return kind() != checkpoint_kind; }
std::int64_t CheckpointReader::step() const { return state_->step.value_or(0); }
std::optional<std::int64_t> CheckpointReader::known_step() const { return state_->step; }
const nlohmann::json& CheckpointReader::meta() const { return state_->manifest.meta.at("meta"); }

JsonFields CheckpointReader::fields() const {
  return {meta(), "meta", (folder() / manifest_name).string()};
}

void CheckpointReader::read(const std::string& name, Tensor out) const {
  if (state_->find_coded(name) != nullptr) {
    require(out.shape == shape(name) && out.dtype == DType::f32, Exit::data,
            "'{}' of {} is {} in codes, but this run needs {} {}", name, folder().string(),
            shape(name).text(), name_of(out.dtype), out.shape.text());
    return read_part(name, 0, {out.as<float>(), static_cast<std::size_t>(out.size())});
  }
  const TensorPlace& place = state_->find(name);
  require(out.device == Device::cpu(), "'{}' can only be read to the host", name);
  const bool widens = place.dtype == DType::bf16 && out.dtype == DType::f32 && is_model();
  require(out.shape == place.shape && (out.dtype == place.dtype || widens), Exit::data,
          "'{}' of {} is {} {}, but this run needs {} {}", name, state_->folder.string(),
          name_of(place.dtype), place.shape.text(), name_of(out.dtype), out.shape.text());
  if (widens) return read_part(name, 0, {out.as<float>(), static_cast<std::size_t>(out.size())});
  durable::wait_for_file(state_->folder / place.file->name, state_->patience);
  const std::span bytes(static_cast<std::byte*>(out.data), static_cast<std::size_t>(out.bytes()));
  read_extent(state_->folder, *place.file, *place.extent, 0, bytes);
}

void CheckpointReader::read_part(const std::string& name, std::int64_t begin,
                                 std::span<float> out) const {
  if (const CodedShape* const coded = state_->find_coded(name)) {
    require_elements(name, coded->shape, begin, std::ssize(out));
    return state_->decode_part(name, *coded, begin, out);
  }
  const auto& [file, extent, shape, dtype, half] = state_->find(name);
  require(dtype == DType::f32 || dtype == DType::bf16, Exit::data,
          "'{}' of {} is {}, and not f32 or bf16", name, state_->folder.string(), name_of(dtype));
  const std::span<std::byte> bytes = std::as_writable_bytes(out);
  const std::span<std::byte> narrow = bytes.last(bytes.size() / 2);
  if (dtype == DType::bf16) {
    read_bytes(name, begin, narrow);
    widen_within(narrow, out);
  } else if (half) {
    require_elements(name, shape, begin, std::ssize(out));
    read_extent(state_->folder, *file, *extent, begin * 2, narrow);
    widen_f16_within(narrow, out);
  } else {
    read_bytes(name, begin, bytes);
  }
}

const Extent& CheckpointReader::extent(const std::string& name) const {
  return *state_->find(name).extent;
}

void CheckpointReader::read_bytes(const std::string& name, std::int64_t begin,
                                  std::span<std::byte> out) const {
  const TensorPlace& place = state_->find(name);
  const std::int64_t element = bytes_of(place.dtype);
  require(!place.half && std::ssize(out) % element == 0, "'{}' is not read as these bytes", name);
  require_elements(name, place.shape, begin, std::ssize(out) / element);
  state_->read_bytes(name, begin * element, out);
}

std::string CheckpointReader::read_file(const std::string& name) const {
  const auto kept = state_->files.find(name);
  if (kept != state_->files.end()) return kept->second;
  const std::vector<FileEntry>& files = state_->manifest.files;
  const auto found = std::ranges::find(files, name, &FileEntry::name);
  require(found != files.end() && found->extents.empty(), Exit::data, "{} holds no file {}",
          state_->folder.string(), name);
  const std::filesystem::path path = state_->folder / name;
  durable::wait_for_file(path, state_->patience);
  std::string bytes = durable::read_file(path, found->bytes);
  require(content_hash(bytes) == found->rest_hash, Exit::data,
          "{} is damaged: its bytes do not match their hash", path.string());
  return bytes;
}

void CheckpointReader::verify() const {
  for (const FileEntry& file : state_->manifest.files) check_every_byte(state_->folder, file);
}

void CheckpointReader::verify_share(int part, int num_parts) const {
  for (const FileEntry& file : state_->manifest.files)
    durable::wait_for_file(state_->folder / file.name, state_->patience);
  check_share(state_->folder, state_->manifest.files, part, num_parts);
}

const std::vector<FileEntry>& CheckpointReader::files() const { return state_->manifest.files; }

std::int64_t CheckpointReader::bytes() const {
  std::int64_t bytes = 0;
  for (const FileEntry& file : state_->manifest.files) bytes += file.bytes;
  return bytes;
}

std::int64_t CheckpointReader::num_ranks() const {
  const nlohmann::json& keys = state_->manifest.meta;
  if (keys.contains("num_ranks") && keys["num_ranks"].is_number_integer()) return keys["num_ranks"];
  return std::ranges::count_if(state_->manifest.files, is_rank_file_name, &FileEntry::name);
}

std::string CheckpointReader::digest() const {
  Hasher hasher;
  const auto add = [&](const std::string& text) { hasher.add(text.data(), std::ssize(text)); };
  for (const auto& [name, place] : state_->places) {
    add(head_of(name, place));
    for (const ContentHash& hash : place.extent->chunk_hashes) add(hash.hex());
  }
  return hasher.hex();
}

std::string CheckpointReader::hash() const {
  Hasher hasher;
  std::vector<std::byte> buffer;
  for (const auto& [name, place] : state_->places) {
    const auto& [file, extent, shape, dtype, half] = place;
    const std::string head = head_of(name, place);
    hasher.add(head.data(), std::ssize(head));
    for (std::int64_t begin = 0; begin < extent->bytes; begin += extent->chunk_bytes) {
      const std::int64_t count = std::min(extent->chunk_bytes, extent->bytes - begin);
      buffer.resize(static_cast<std::size_t>(count));
      read_extent(state_->folder, *file, *extent, begin, buffer);
      hasher.add(buffer.data(), count);
    }
  }
  return hasher.hex();
}

}  // namespace switchyard
