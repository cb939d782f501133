#include "tests/crash_lab/disk.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "runtime/error.h"

namespace switchyard::crash_lab {
namespace {

void put_bytes(std::string& contents, std::int64_t offset, const std::string& bytes) {
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (contents.size() < end) contents.resize(end, '\0');
  std::copy(bytes.begin(), bytes.end(), contents.begin() + offset);
}

bool toss(std::mt19937_64& random) { return (random() & 1) != 0; }

}  // namespace

Disk::Disk(std::string root) : root_(std::move(root)) { folders_[0] = {}; }

Disk::Place Disk::place_of(const std::string& path) {
  require(path.starts_with(root_ + "/"), "{} is outside {}", path, root_);
  std::string rest = path.substr(root_.size() + 1);
  Folder* folder = &folders_.at(0);
  for (std::size_t slash; (slash = rest.find('/')) != std::string::npos;) {
    folder = &folders_.at(folder->now.at(rest.substr(0, slash)));
    rest = rest.substr(slash + 1);
  }
  return {folder, rest};
}

Disk::Node Disk::node_of(const std::string& path) {
  if (path == root_) return 0;
  const Place place = place_of(path);
  return place.folder->now.at(place.name);
}

void Disk::link(const std::string& path, Node node) {
  const Place place = place_of(path);
  place.folder->now[place.name] = node;
  place.folder->pending.push_back({place.name, "", node});
}

void Disk::apply(const Record& record) {
  switch (record.operation) {
    case Operation::create:
      files_[next_] = {};
      return link(record.path, next_++);
    case Operation::mkdir:
      folders_[next_] = {};
      return link(record.path, next_++);
    case Operation::write:
      files_.at(node_of(record.path)).pending.push_back({false, record.offset, record.bytes});
      return;
    case Operation::truncate:
      files_.at(node_of(record.path)).pending.push_back({true, record.offset, ""});
      return;
    case Operation::fsync: {
      File& file = files_.at(node_of(record.path));
      std::mt19937_64 unused;
      file.durable = contents(file, Loss::nothing, unused);
      file.pending.clear();
      return;
    }
    case Operation::fsync_folder: {
      Folder& folder = folders_.at(node_of(record.path));
      folder.durable = folder.now;
      folder.pending.clear();
      return;
    }
    case Operation::rename: {
      const Node node = node_of(record.path);
      const Place from = place_of(record.path), to = place_of(record.to);
      require(from.folder == to.folder, "a rename from folder to folder: {}", record.path);
      from.folder->now.erase(from.name);
      to.folder->now[to.name] = node;
      to.folder->pending.push_back({to.name, from.name, node});
      return;
    }
    case Operation::remove: {
      const Place place = place_of(record.path);
      place.folder->now.erase(place.name);
      place.folder->pending.push_back({place.name, "", -1});
      return;
    }
    case Operation::acknowledge:
      return;
  }
}

std::string Disk::contents(const File& file, Loss loss, std::mt19937_64& random) const {
  std::string bytes = file.durable;
  const bool torn = loss == Loss::torn_512 || loss == Loss::torn_4096;
  const std::int64_t sector = loss == Loss::torn_512 ? 512 : 4096;
  for (const Change& change : file.pending) {
    const std::int64_t size = std::ssize(change.bytes);
    if (change.resizes) {
      if (loss != Loss::all) bytes.resize(static_cast<std::size_t>(change.offset), '\0');
    } else if (loss == Loss::bytes) {
      put_bytes(bytes, change.offset, std::string(change.bytes.size(), '\0'));
    } else if (torn && size > sector) {
      for (std::int64_t begin = 0; begin < size; begin += sector) {  // sectors in any order
        if (toss(random)) {
          put_bytes(bytes, change.offset + begin,
                    change.bytes.substr(static_cast<std::size_t>(begin),
                                        static_cast<std::size_t>(sector)));
        }
      }
    } else if (torn || loss == Loss::some) {
      const bool whole = toss(random);
      if (whole) put_bytes(bytes, change.offset, change.bytes);
    } else if (loss == Loss::nothing || loss == Loss::names) {
      put_bytes(bytes, change.offset, change.bytes);
    }
  }
  return bytes;
}

void Disk::add_tree(const Folder& folder, const std::string& prefix, Loss loss,
                    std::mt19937_64& random, Tree& tree) const {
  std::map<std::string, Node> names = folder.durable;
  for (const Link& link : folder.pending) {
    const bool stays = loss == Loss::nothing || loss == Loss::bytes ||
                       (loss != Loss::all && loss != Loss::names && toss(random));
    if (!stays) continue;
    if (!link.from.empty()) names.erase(link.from);
    names.erase(link.name);
    if (link.node >= 0) names[link.name] = link.node;
  }
  for (const auto& [name, node] : names) {
    if (const auto file = files_.find(node); file != files_.end()) {
      tree[prefix + name] = contents(file->second, loss, random);
    } else {
      tree[prefix + name + "/"] = "";
      add_tree(folders_.at(node), prefix + name + "/", loss, random, tree);
    }
  }
}

Disk::Tree Disk::after_power_loss(Loss loss, std::mt19937_64& random) const {
  Tree tree;
  add_tree(folders_.at(0), "", loss, random, tree);
  return tree;
}

void write_tree(const Disk::Tree& tree, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [path, contents] : tree) {
    if (path.ends_with("/")) {
      fs::create_directory(folder / path.substr(0, path.size() - 1));
    } else {
      std::ofstream(folder / path, std::ios::binary) << contents;
    }
  }
}

}  // namespace switchyard::crash_lab
