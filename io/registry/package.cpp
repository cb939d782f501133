#include "io/registry/package.h"

#include <future>
#include <set>

#include "io/checkpoint/checkpoint_file.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/files/sha256.h"
#include "io/folder/committed_folder.h"
#include "io/folder/hdf5.h"
#include "io/registry/sums.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t bytes_at_once = 4 * checkpoint_chunk_bytes;

// Of a checkpoint, what only training needs stays behind.
bool is_weight(const CheckpointReader& model, const std::string& name) {
  return model.is_model() || name.starts_with("value/") || name.starts_with("gate/");
}

// Weights as they are stored: codes and their scales, not what they decode to.
std::vector<const Extent*> stored_tensors(const CheckpointReader& model) {
  std::vector<const Extent*> tensors;
  for (const FileEntry& file : model.files()) {
    for (const Extent& extent : file.extents)
      if (is_weight(model, extent.name)) tensors.push_back(&extent);
  }
  std::ranges::sort(tensors, {}, &Extent::name);
  return tensors;
}

FileEntry write_weights(const CheckpointReader& model, const fs::path& folder,
                        std::vector<FileSum>& sums) {
  const std::string name = rank_file_name(0);
  Hdf5Writer writer(folder / name, checkpoint_chunk_bytes);
  std::vector<std::byte> buffer;
  for (const Extent* const extent : stored_tensors(model)) {
    writer.begin(extent->name, extent->dtype, extent->shape);
    const std::int64_t element = bytes_of(model.dtype(extent->name));
    for (std::int64_t begin = 0; begin < extent->bytes; begin += std::ssize(buffer)) {
      buffer.resize(static_cast<std::size_t>(std::min(bytes_at_once, extent->bytes - begin)));
      model.read_bytes(extent->name, begin / element, buffer);
      writer.append(buffer);
    }
  }
  return writer.finish([&](const FileEntry& entry) {
    auto sum = std::async(std::launch::async, [&] { return sha256_of_file(folder / name); });
    read_back(folder, entry);
    sums.push_back({name, sum.get()});
  });
}

}  // namespace

std::string write_package(const CheckpointReader& model, const fs::path& folder,
                          const PackageContent& content) {
  durable::make_folders(folder);
  std::vector<FileSum> sums;
  std::vector<FileEntry> entries{write_weights(model, folder, sums)};
  std::set<std::string> names{rank_file_name(0), sums_name, manifest_name};
  for (const NamedFile& file : content.files) {
    require(names.insert(file.name).second, "a package would hold two files called {}", file.name);
    entries.push_back(write_small_file(folder, file));
    sums.push_back({file.name, sha256_of(file.bytes)});
  }
  nlohmann::json keys = {{"num_ranks", 1}, {"meta", content.meta}};
  if (const auto step = model.known_step()) keys["step"] = *step;
  const Manifest manifest{model_kind, model_version, std::move(entries), std::move(keys)};
  sums.push_back({manifest_name, sha256_of(manifest_text(manifest))});
  const std::string text = sums_text(std::move(sums));
  write_small_file(folder, {sums_name, text});
  durable::sync_folder(folder);
  commit_files(folder, manifest);
  return sha256_of(text);
}

}  // namespace switchyard
