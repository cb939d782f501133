// Disk: what a disk may hold when the power fails. It follows a recording operation by operation
// and keeps apart what is durable (what an fsync of that file, or of that folder for names, has
// covered) and what is not, which may survive in any part, as POSIX allows and ALICE (Pillai et
// al., OSDI 2014) found file systems to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/crash_lab/record.h"

namespace switchyard::crash_lab {

// How a state treats what is not durable.
enum class Loss : std::uint8_t {
  nothing,   // all of it survived: the process was killed
  all,       // none of it did
  names,     // bytes survived, names did not
  bytes,     // names survived, bytes did not: files are there with their size, and zeros
  some,      // each by the toss of a coin
  torn_512,  // as `some`, and each write cut at a multiple of 512 bytes
  torn_4096
};
inline constexpr Loss all_losses[] = {Loss::nothing, Loss::all,      Loss::names,    Loss::bytes,
                                      Loss::some,    Loss::torn_512, Loss::torn_4096};

class Disk {
 public:
  // root: a folder that exists from the start, and all that is looked at.
  explicit Disk(std::string root);

  void apply(const Record& record);

  // One state of the disk as of now: path below the root -> contents; folders end with "/".
  using Tree = std::map<std::string, std::string>;
  Tree after_power_loss(Loss loss, std::mt19937_64& random) const;

 private:
  using Node = std::int64_t;
  struct Change {  // of a file's bytes
    bool resizes = false;
    std::int64_t offset = 0;
    std::string bytes;
  };
  struct Link {  // of a folder's names
    std::string name, from;
    Node node = -1;  // -1: the name goes
  };
  struct File {
    std::string durable;
    std::vector<Change> pending;
  };
  struct Folder {
    std::map<std::string, Node> durable, now;
    std::vector<Link> pending;
  };
  struct Place {
    Folder* folder;
    std::string name;
  };

  Place place_of(const std::string& path);
  Node node_of(const std::string& path);
  void link(const std::string& path, Node node);
  void add_tree(const Folder& folder, const std::string& prefix, Loss loss, std::mt19937_64& random,
                Tree& tree) const;
  std::string contents(const File& file, Loss loss, std::mt19937_64& random) const;

  std::string root_;
  Node next_ = 1;
  std::map<Node, File> files_;
  std::map<Node, Folder> folders_;  // 0 is the root
};

void write_tree(const Disk::Tree& tree, const std::filesystem::path& folder);

}  // namespace switchyard::crash_lab
