// load_trees RECORDING RUN SCRATCH SEED TREES: builds the trees that a power loss during the
// recorded saves of RUN could leave, and loads each. 0 if every one of them held
//   - the newest checkpoint whose save had been reported, or a newer one, and
//   - the very state that was saved at its step, and
//   - no manifest over files that do not match it.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "io/checkpoint/checkpoint.h"
#include "tests/crash_lab/disk.h"
#include "tests/crash_lab/model.h"

namespace switchyard::crash_lab {
namespace {

namespace fs = std::filesystem;

class Judge {
 public:
  Judge(fs::path scratch) : scratch_(std::move(scratch)) {}

  // Nothing: the tree is as promised.
  std::string problem_of(const Disk::Tree& tree, std::int64_t acknowledged) {
    write_tree(tree, scratch_);
    for (const CheckpointStatus& one : find_checkpoints(scratch_)) {
      if (!one.committed) continue;
      if (const auto problem = verify_checkpoint(one.folder)) {
        return "a manifest vouches for what is not there: " + *problem;
      }
    }
    const Found found = newest_good_checkpoint(scratch_);
    const std::int64_t step = found.folder ? CheckpointReader(*found.folder).step() : 0;
    if (step < acknowledged) {
      return fmt::format("step {} is the newest, and the save of step {} had been reported", step,
                         acknowledged);
    }
    if (!found.folder) return "";
    const CheckpointReader checkpoint(*found.folder);
    if (checkpoint.hash() != hash_of_step(step) ||
        checkpoint.read_file("step.txt") != std::to_string(step)) {
      return fmt::format("another state than the one that was saved at step {}", step);
    }
    return "";
  }

 private:
  std::string hash_of_step(std::int64_t step) {
    std::string& hash = hashes_[step];
    if (hash.empty()) hash = Model(step).hash(scratch_.string() + "-expected");
    return hash;
  }

  fs::path scratch_;
  std::map<std::int64_t, std::string> hashes_;
};

int load_trees(const std::string& recording, const std::string& run, const fs::path& scratch,
               std::uint64_t seed, std::int64_t num_trees) {
  const std::vector<Record> records = read_recording(recording);
  const auto num_records = std::ssize(records);
  const std::int64_t per_cut = num_trees / num_records + 1;
  std::mt19937_64 random(seed);
  Disk disk(run);
  Judge judge(scratch);
  std::int64_t acknowledged = 0, loaded = 0, bad = 0;
  for (const Record& record : records) {
    disk.apply(record);
    if (record.operation == Operation::acknowledge) acknowledged = record.offset;
    for (std::int64_t i = 0; i < per_cut; ++i) {
      const std::int64_t kinds = std::ssize(all_losses);
      // The plain kinds once, then those that draw.
      const std::int64_t kind = i < kinds ? i : 4 + i % (kinds - 4);
      const Disk::Tree tree =
          disk.after_power_loss(all_losses[per_cut >= kinds ? kind : random() % kinds], random);
      ++loaded;
      const std::string problem = judge.problem_of(tree, acknowledged);
      if (problem.empty()) continue;
      if (++bad <= 3) {
        fmt::print("after operation {} ({} {}): {}\n", record.number, name_of(record.operation),
                   record.path, problem);
      }
    }
  }
  fs::remove_all(scratch);
  fmt::print("power loss: {} trees of {} operations loaded, {} bad\n", loaded, num_records, bad);
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace switchyard::crash_lab

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--count") {
    fmt::print("{}\n", switchyard::crash_lab::max_operations(argv[2]));
    return 0;
  }
  if (argc != 6) {
    fmt::print(stderr, "usage: {} RECORDING RUN SCRATCH SEED TREES, or --count RECORDING\n",
               argv[0]);
    return 2;
  }
  return switchyard::crash_lab::load_trees(argv[1], argv[2], argv[3],
                                           std::strtoull(argv[4], nullptr, 10),
                                           std::strtoll(argv[5], nullptr, 10));
}
