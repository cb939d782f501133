#include "io/checkpoint.h"

#include <set>
#include <sstream>
#include <system_error>

#include "io/checkpoint_format.h"
#include "io/committed_folder.h"
#include "io/durable.h"
#include "io/hdf5.h"
#include "runtime/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// Two owners of one name would make a checkpoint that nobody can load.
void require_one_owner_each(const std::vector<NamedTensor>& mine, Comm& world) {
  std::string lines;
  for (const NamedTensor& named : mine) lines += named.name + '\n';
  const auto lines_of_ranks = all_gather_text(world, lines);
  on_root(world, [&] {
    std::set<std::string> seen;
    for (const std::string& text : lines_of_ranks) {
      std::istringstream stream(text);
      for (std::string name; std::getline(stream, name);) {
        require(seen.insert(name).second, "two owners want to save the tensor '{}'", name);
      }
    }
  });
}

// An uncommitted folder of this name is what a failed save of this very attempt left behind.
void make_empty_folder(const fs::path& folder) {
  require(!is_committed(folder), Exit::data, "{} exists already", folder.string());
  durable::remove_tree(folder);
  durable::make_folders(folder);
}

FileEntry write_file(const fs::path& path, const std::vector<NamedTensor>& mine) {
  Hdf5Writer writer(path, checkpoint_chunk_bytes);
  for (const auto& [name, tensor] : mine) {
    require(tensor.device == Device::cpu(), "'{}' is not on the host", name);
    std::vector<std::int64_t> shape;
    for (int i = 0; i < tensor.shape.num_dims(); ++i) shape.push_back(tensor.dim(i));
    writer.write(name, name_of(tensor.dtype), shape, tensor.data);
  }
  return writer.finish();
}

// Collective, after a failure that all ranks know of. What cannot be removed stays: without a
// manifest it is nothing.
void discard(const fs::path& folder, const fs::path& my_file, Comm& world) {
  std::error_code ignored;
  fs::remove(my_file, ignored);
  world.barrier();
  if (world.rank() == 0) fs::remove_all(folder, ignored);
  world.barrier();
}

}  // namespace

fs::path save_checkpoint(const fs::path& run_directory, std::int64_t step, int attempt,
                         const std::vector<NamedTensor>& mine, const nlohmann::json& meta,
                         Comm& world, Stream& stream) {
  stream.synchronize();
  require_one_owner_each(mine, world);
  const fs::path folder = run_directory / "checkpoints" / checkpoint_folder_name({step, attempt});
  const fs::path my_file = folder / rank_file_name(world.rank());
  on_root(world, [&] { make_empty_folder(folder); });
  try {
    FileEntry entry;
    agree(world, [&] { entry = write_file(my_file, mine); });
    const nlohmann::json top_level = {
        {"step", step}, {"attempt", attempt}, {"num_ranks", world.size()}, {"meta", meta}};
    commit_folder(folder, checkpoint_kind, checkpoint_version, {entry}, top_level, world);
  } catch (const Error& error) {
    if (error.agreed()) discard(folder, my_file, world);
    throw;
  }
  return folder;
}

}  // namespace switchyard
