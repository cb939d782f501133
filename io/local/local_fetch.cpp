#include "io/local/local_fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "io/checkpoint/run_line.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/local/file_rebuilder.h"
#include "io/local/local_inventory.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// Collective. The checkpoints that count. Rank 0 alone decides, so that no two ranks can differ.
std::vector<CheckpointId> candidates(const fs::path& run_directory, const LocalDisks& disks,
                                     std::optional<CheckpointId> newer_than, Comm& world) {
  const std::vector<CheckpointId> all = list_local_checkpoints(disks, world);
  std::vector<std::int64_t> counts(all.size());
  on_root(world, [&] {
    const RunLine line(run_directory);
    for (std::size_t i = 0; i < all.size(); ++i) {
      counts[i] = (!newer_than || all[i] > *newer_than) && !line.superseded_by(all[i]);
    }
  });
  Stream stream = Stream::cpu(1);
  world.broadcast(tensor_of(counts.data(), {std::ssize(counts)}), 0, stream);
  std::vector<CheckpointId> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (counts[i] != 0) chosen.push_back(all[i]);
  }
  return chosen;
}

// The manifest of the checkpoint in the run directory. Both kinds count versions alike.
Manifest shared_manifest(const LocalInventory& inventory) {
  Manifest manifest{checkpoint_kind, inventory.manifest.version, inventory.checkpoint_files(),
                    inventory.manifest.meta};
  manifest.meta.erase("sets");
  return manifest;
}

// Collective. Replaces a damaged or unfinished checkpoint. Errors: agreed.
void bring_home(const LocalInventory& inventory, const std::vector<LostFile>& lost,
                const fs::path& from, const fs::path& to, Comm& world) {
  on_root(world, [&] {
    remove_folder(to);
    durable::make_folders(to);
  });
  const Manifest manifest = shared_manifest(inventory);
  agree(world, [&] {
    for (const FileEntry& file : manifest.files) {
      if (inventory.holder_of(file.name) == world.rank()) copy_committed_file(from, to, file);
    }
  });
  rebuild_files(inventory, lost, from, to, world);
  agree(world, [&] { durable::sync_folder(to); });
  on_root(world, [&] {
    durable::sync_folder(to.parent_path());
    commit_files(to, manifest);
  });
}

// Collective. Adds to the notes. Returns false if the checkpoint cannot be used.
bool try_to_fetch(CheckpointId id, const LocalDisks& disks, const fs::path& to, Comm& world,
                  std::vector<std::string>& notes) {
  const std::string name = checkpoint_folder_name(id);
  const auto inventory = take_inventory(id, disks, world);
  if (!inventory) {
    notes.push_back(fmt::format("skipped the node-local {}: no node has its whole manifest", name));
    return false;
  }
  const std::vector<LostFile> lost = find_lost_files(*inventory, world.size());
  const std::string problem = why_beyond_repair(*inventory, lost);
  if (!problem.empty()) {
    notes.push_back(fmt::format("skipped the node-local {}: {}", name, problem));
    return false;
  }
  try {
    bring_home(*inventory, lost, disks.folder / name, to, world);
  } catch (const Error& error) {
    if (!error.agreed()) throw;
    on_root(world, [&] { durable::try_remove_tree(to); });
    notes.push_back(fmt::format("skipped the node-local {}: {}", name, error.what()));
    return false;
  }
  if (!lost.empty()) {
    std::vector<std::string> names;
    for (const LostFile& file : lost) names.push_back(file.name);
    notes.push_back(fmt::format("the node-local {} had lost {}: rebuilt from what other nodes keep",
                                name, fmt::join(names, ", ")));
  }
  return true;
}

}  // namespace

LocalFetch fetch_local_checkpoint(const fs::path& run_directory, const LocalDisks& disks,
                                  std::optional<CheckpointId> newer_than, Comm& world) {
  LocalFetch fetch;
  for (const CheckpointId id : candidates(run_directory, disks, newer_than, world)) {
    const fs::path to = run_directory / "checkpoints" / checkpoint_folder_name(id);
    if (!try_to_fetch(id, disks, to, world, fetch.notes)) continue;
    fetch.folder = to;
    break;
  }
  return fetch;
}

}  // namespace switchyard
