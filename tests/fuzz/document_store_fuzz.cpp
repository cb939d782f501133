// Shards of documents whose datasets hold anything at all, with hashes that agree: whatever is
// wrong with them must be Exit::data.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "io/prepare/store/document_store.h"
#include "io/prepare/store/zstd_frames.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

struct Dataset {
  const char* name;
  const char* dtype;
  std::int64_t columns;
};

const std::vector<Dataset> kept_datasets = {
    {"text", "u8", 1},          {"frames", "i64", 1}, {"frame_documents", "i64", 1},
    {"text_offsets", "i64", 1}, {"hash", "u64", 2},   {"source", "u16", 1},
    {"shingles", "u32", 1},     {"strings", "u8", 1}, {"strings_offsets", "i64", 1}};
const std::vector<Dataset> removed_datasets = {
    {"hash", "u64", 2}, {"keeper", "u64", 2},       {"source", "u16", 1},
    {"stage", "u8", 1}, {"jaccard", "f32", 1},      {"position", "i64", 1},
    {"file", "i32", 1}, {"strings", "u8", 1},       {"strings_offsets", "i64", 1},
    {"files", "u8", 1}, {"files_offsets", "i64", 1}};

// Takes its decisions from the input; zeros when that has ended.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }

  std::string take(std::size_t count) {
    std::string taken(bytes_.substr(0, count));
    bytes_.remove_prefix(taken.size());
    taken.resize(count);
    return taken;
  }

 private:
  std::string_view bytes_;
};

// How many rows a reader expects for `size` documents.
std::int64_t fitting_rows(const std::string& name, std::int64_t size, bool kept) {
  if (name == "text" || name == "strings" || name == "files") return 40;
  if (name == "frames" || name == "frame_documents" || name == "files_offsets") return 3;
  if (name == "text_offsets") return size + 1;
  if (name == "strings_offsets") return (kept ? 3 : 5) * size + 1;
  return size;
}

// Small numbers as they are, so that offsets are plausible; any number behind 255.
std::string values_from(Input& input, std::int64_t rows, std::int64_t width) {
  std::string values;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::uint8_t first = input.byte();
    std::string value = first == 255 ? input.take(static_cast<std::size_t>(width)) : std::string();
    if (value.empty()) value.push_back(static_cast<char>(first));
    value.resize(static_cast<std::size_t>(width));
    values += value;
  }
  return values;
}

FileEntry make_shard(Input& input, bool kept, const std::filesystem::path& path) {
  const std::int64_t size = input.byte() % 8;
  std::string contents;
  FileEntry entry;
  entry.name = path.filename().string();
  for (const Dataset& dataset : kept ? kept_datasets : removed_datasets) {
    const std::uint8_t choice = input.byte();
    std::int64_t rows = fitting_rows(dataset.name, size, kept);
    if (choice % 16 == 0) rows = choice;
    const std::int64_t width = element_bytes(dataset.dtype);
    std::string values = values_from(input, rows * dataset.columns, width);
    if (dataset.name == std::string("text") && choice % 2 == 1) values = compress(values, 1);
    const std::int64_t chunk_bytes = 1 + choice;
    const std::int64_t bytes = std::ssize(values);
    std::vector<std::int64_t> shape = {bytes / width / dataset.columns};
    if (dataset.columns > 1) shape.push_back(dataset.columns);
    entry.extents.push_back({dataset.name, dataset.dtype, shape, std::ssize(contents), bytes,
                             chunk_bytes, hash_chunks(values.data(), bytes, chunk_bytes)});
    contents += values;
  }
  entry.bytes = std::ssize(contents);
  std::ofstream(path, std::ios::binary) << contents;
  return entry;
}

template <class Shard>
void read_all(const std::filesystem::path& folder, const FileEntry& entry) {
  const Shard shard(folder, entry);
  for (std::int64_t i = 0; i < shard.size(); ++i) {
    try {
      shard.document(i);
    } catch (const Error& error) {
      if (error.code() != Exit::data) throw;
    }
  }
}

}  // namespace
}  // namespace switchyard::prepare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::prepare;
  using namespace switchyard;
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  const auto path = folder / ("document-store-fuzz-" + std::to_string(getpid()));
  Input input({reinterpret_cast<const char*>(data), size});
  try {
    const bool kept = input.byte() % 2 == 0;
    const FileEntry entry = make_shard(input, kept, path);
    kept ? read_all<KeptShard>(folder, entry) : read_all<RemovedShard>(folder, entry);
  } catch (const Error& error) {
    if (error.code() != Exit::data) std::abort();
  }
  std::filesystem::remove(path);
  return 0;
}
