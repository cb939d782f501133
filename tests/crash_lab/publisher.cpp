// publisher: a registry under the crash lab.
//   publisher record REGISTRY MODEL RECORDING [MUTANT]   publishes, promotes and rolls back MODEL,
//   a
//                                                        checkpoint, every file operation recorded
//   publisher load RECORDING REGISTRY SCRATCH SEED TREES builds the trees that a power loss in
//                                                        between could leave, and looks at each
//   publisher promote REGISTRY VERSION                   with a fault of the environment
//   publisher current REGISTRY                           prints the number of the current version
// `load` is 0 if in every tree
//   - the current version is the one of the last action that was reported, or of the next one,
//   - each version that was reported is there, and
//   - each version with a manifest has the very bytes that were published.
#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "io/registry/registry.h"
#include "io/registry/sums.h"
#include "runtime/error.h"
#include "tests/crash_lab/disk.h"

namespace switchyard::crash_lab {
namespace {

namespace fs = std::filesystem;

// What a registry is after action i, from 1: its versions, and the current one (0: none).
struct Milestone {
  int versions, current;
};
constexpr Milestone milestones[] = {{0, 0}, {1, 0}, {1, 1}, {2, 1}, {2, 2}, {3, 2}, {3, 3}, {3, 2}};
constexpr std::int64_t last_milestone = std::ssize(milestones) - 1;

int record(const std::string& folder, const std::string& model, const std::string& recording) {
  const CheckpointReader reader{fs::path(model)};
  Registry registry(fs::path(folder) / "name");
  fs::create_directories(folder);
  record_to(recording, 0);
  std::vector<std::string> skipped;
  for (std::int64_t i = 1; i <= last_milestone; ++i) {
    const Milestone before = milestones[i - 1], after = milestones[i];
    if (after.versions > before.versions) {
      registry.publish(reader, {{{"config", "x"}}, {{"card", std::to_string(i)}}}, {});
    } else if (after.current > before.current) {
      registry.promote(after.current, {});
    } else {
      registry.roll_back({}, {}, skipped);
    }
    acknowledge(i);
  }
  stop_recording();
  return 0;
}

std::string problem_of(const Registry& registry, const Registry& original, std::int64_t done) {
  const std::vector<int> versions = registry.versions();
  if (std::ssize(versions) < milestones[done].versions)
    return fmt::format("{} versions, and {} had been published", versions.size(),
                       milestones[done].versions);
  for (const int version : versions) {
    const std::string hash = package_hash(original.folder_of(version));
    if (const auto problem = problem_of_package(registry.folder_of(version), hash)) return *problem;
  }
  const auto current = registry.current();
  const int number = current ? current->version.number : 0;
  const Milestone next = milestones[std::min(done + 1, last_milestone)];
  if (number != milestones[done].current && number != next.current)
    return fmt::format("version {} is current after action {}", number, done);
  return "";
}

int load(const std::string& recording, const std::string& folder, const fs::path& scratch,
         std::uint64_t seed, std::int64_t num_trees) {
  const std::vector<Record> records = read_recording(recording);
  const std::int64_t per_cut = num_trees / std::ssize(records) + 1;
  std::mt19937_64 random(seed);
  Disk disk(folder);
  const Registry original(fs::path(folder) / "name"), registry(scratch / "name");
  std::int64_t done = 0, loaded = 0, bad = 0;
  for (const Record& record : records) {
    disk.apply(record);
    if (record.operation == Operation::acknowledge) done = record.offset;
    for (std::int64_t i = 0; i < per_cut; ++i) {
      const Loss loss = all_losses[random() % std::size(all_losses)];
      write_tree(disk.after_power_loss(loss, random), scratch);
      ++loaded;
      std::string problem;
      try {
        problem = problem_of(registry, original, done);
      } catch (const Error& error) {
        problem = error.what();
      }
      if (!problem.empty() && ++bad <= 3)
        fmt::print("after operation {} ({} {}): {}\n", record.number, name_of(record.operation),
                   record.path, problem);
    }
  }
  fs::remove_all(scratch);
  fmt::print("registry: {} trees of {} operations loaded, {} bad\n", loaded, records.size(), bad);
  return bad == 0 ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  if (words.size() >= 4 && words[0] == "record") {
    if (words.size() == 5) set_mutant(mutant_called(words[4]).value());
    return record(words[1], words[2], words[3]);
  }
  if (words.size() == 6 && words[0] == "load")
    return load(words[1], words[2], words[3], std::stoull(words[4]), std::stoll(words[5]));
  if (words.size() == 3 && words[0] == "promote") {
    Registry(words[1]).promote(std::stoi(words[2]), {});
    return 0;
  }
  if (words.size() == 2 && words[0] == "current") {
    const auto current = Registry(words[1]).current();
    fmt::print("{}\n", current ? current->version.number : 0);
    return 0;
  }
  fmt::print(stderr, "usage: publisher record|load|promote|current ...\n");
  return 2;
}

}  // namespace
}  // namespace switchyard::crash_lab

int main(int argc, char** argv) {
  try {
    return switchyard::crash_lab::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "publisher: {}\n", error.what());
    return 2;
  }
}
