#include "io/local/local_inventory.h"

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "io/folder/committed_folder.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

std::string committed_names(const fs::path& run_folder) {
  std::string names;
  std::error_code error;
  for (fs::directory_iterator entry(run_folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (parse_checkpoint_folder_name(name) && is_committed(entry->path())) names += name + '\n';
  }
  return names;
}

// A node has only a part of the files that its manifest describes, so their size is no limit.
constexpr std::int64_t largest_local_manifest = std::int64_t{1} << 30;

std::vector<RedundancySet> sets_of(const Manifest& manifest) {
  return redundancy_sets_of(manifest.meta.value("sets", nlohmann::json()));
}

// The manifest, or nothing if this node has no whole one.
std::optional<Manifest> read_local_manifest(const fs::path& folder) {
  try {
    Manifest manifest =
        parse_manifest(read_manifest(folder, local_checkpoint_kind, largest_local_manifest),
                       local_checkpoint_kind, local_checkpoint_version);
    sets_of(manifest);
    return manifest;
  } catch (const Error&) {  // torn or damaged: any other node has the same
    return std::nullopt;
  }
}

bool is_good_file(const fs::path& folder, const FileEntry& file) {
  try {
    check_every_byte(folder, file);
    return true;
  } catch (const Error&) {  // missing or damaged: another rank has it, or it is rebuilt
    return false;
  }
}

}  // namespace

std::vector<CheckpointId> list_local_checkpoints(const LocalDisks& disks, Comm& world) {
  const std::string mine = disks.first_of_node() ? committed_names(disks.folder) : "";
  std::set<CheckpointId, std::greater<>> ids;
  for (const std::string& names : all_gather_text(world, mine)) {
    std::istringstream lines(names);
    for (std::string name; std::getline(lines, name);) {
      ids.insert(*parse_checkpoint_folder_name(name));
    }
  }
  return {ids.begin(), ids.end()};
}

int LocalInventory::holder_of(const std::string& file) const {
  const FileEntry* const entry = find(file);
  return entry == nullptr ? -1 : holder[static_cast<std::size_t>(entry - manifest.files.data())];
}

const FileEntry* LocalInventory::find(const std::string& file) const {
  const auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                                  [&](const FileEntry& one) { return one.name == file; });
  return found == manifest.files.end() ? nullptr : &*found;
}

std::vector<FileEntry> LocalInventory::checkpoint_files() const {
  std::set<std::string> parity;
  for (const RedundancySet& set : sets) {
    for (const SetMember& member : set) parity.insert(member.parity);
  }
  std::vector<FileEntry> files;
  for (const FileEntry& file : manifest.files) {
    if (!parity.contains(file.name)) files.push_back(file);
  }
  return files;
}

std::optional<LocalInventory> take_inventory(CheckpointId id, const LocalDisks& disks,
                                             Comm& world) {
  const fs::path folder = disks.folder / checkpoint_folder_name(id);
  std::optional<Manifest> mine;
  if (disks.first_of_node()) mine = read_local_manifest(folder);
  const std::int64_t nobody = world.size();
  const std::int64_t sender =
      reduce_one(world, mine ? std::int64_t{world.rank()} : nobody, Reduce::min);
  if (sender == nobody) return std::nullopt;
  const std::string text =
      broadcast_text(world, mine ? manifest_text(*mine) : "", static_cast<int>(sender));
  LocalInventory inventory;
  inventory.manifest = parse_manifest(text, local_checkpoint_kind, local_checkpoint_version);
  inventory.sets = sets_of(inventory.manifest);

  // The ranks of a node divide the files among them.
  const std::vector<FileEntry>& files = inventory.manifest.files;
  std::vector<std::int64_t> holders(files.size(), nobody);
  const auto my_share = static_cast<std::size_t>(disks.topology.node->rank());
  for (std::size_t i = my_share; i < files.size();
       i += static_cast<std::size_t>(disks.topology.node->size())) {
    if (is_good_file(folder, files[i])) holders[i] = world.rank();
  }
  Stream stream = Stream::cpu(1);
  world.all_reduce(tensor_of(holders.data(), {std::ssize(holders)}), Reduce::min, stream);
  for (const std::int64_t rank : holders) {
    inventory.holder.push_back(rank == nobody ? -1 : static_cast<int>(rank));
  }
  return inventory;
}

}  // namespace switchyard
