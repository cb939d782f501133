// damage RUN SCRATCH SEED CASES: spoils copies of a run's newest checkpoint (flipped bits, cut
// files, zeroed pages, junk at the end, files swapped between ranks and between steps) and reads
// each. 0 if every damage was found and named, the checkpoint before was taken instead, and no
// other state was ever read.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "io/checkpoint/checkpoint.h"
#include "runtime/error.h"

namespace switchyard::crash_lab {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;  // name -> contents

Files read_files(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

void write_file(const fs::path& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

class Spoiler {
 public:
  Spoiler(Files newest, Files older, std::uint64_t seed)
      : newest_(std::move(newest)), older_(std::move(older)), random_(seed) {}

  struct Damage {
    std::string kind, file, contents;
  };
  Damage next() {
    const auto& [name, bytes] = pick(newest_);
    Damage damage{"", name, bytes};
    std::string& contents = damage.contents;
    switch (below(6)) {
      case 0:
        damage.kind = "flip";
        contents[below(contents.size())] ^= static_cast<char>(1 << below(8));
        break;
      case 1:
        damage.kind = "cut";
        contents.resize(below(contents.size()));
        break;
      case 2: {
        damage.kind = "zero page";
        const std::size_t begin = below(contents.size()) / 4096 * 4096;
        const std::size_t count = std::min<std::size_t>(4096, contents.size() - begin);
        contents.replace(begin, count, std::string(count, '\0'));
        break;
      }
      case 3:
        damage.kind = "junk";
        contents += std::string(1 + below(5000), 'j');
        break;
      case 4:
        damage.kind = "file of another rank";
        contents = pick(newest_).second;
        break;
      default:
        damage.kind = "file of another step";
        contents = older_.at(name);
    }
    return damage;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const Files::value_type& pick(const Files& files) {
    return *std::next(files.begin(), static_cast<std::ptrdiff_t>(below(files.size())));
  }

  Files newest_, older_;
  std::mt19937_64 random_;
};

// What is wrong with how the damage was dealt with, or nothing.
std::string problem_of(const fs::path& run, const fs::path& older, const std::string& hash,
                       const std::string& older_hash, const std::string& file) {
  const Found found = newest_good_checkpoint(run);
  if (!found.folder) return "nothing was found to load";
  const std::string loaded = CheckpointReader(*found.folder).hash();
  if (*found.folder != older) return loaded == hash ? "" : "another state was loaded";
  if (loaded != older_hash) return "another state was loaded";
  const std::string& why = found.skipped.front();
  return why.find(file) == std::string::npos ? "the file is not named: " + why : "";
}

int damage(const fs::path& run, const fs::path& scratch, std::uint64_t seed, std::int64_t cases) {
  const std::vector<CheckpointStatus> list = list_checkpoints(run);
  require(list.size() >= 2, "{} holds fewer than two checkpoints", run.string());
  const fs::path newest = list.back().folder.filename(), older = list.end()[-2].folder.filename();
  fs::remove_all(scratch);
  fs::create_directories(scratch);
  fs::copy(run, scratch, fs::copy_options::recursive);
  const fs::path folder = scratch / "checkpoints" / newest;
  const fs::path fallback = scratch / "checkpoints" / older;
  const Files files = read_files(folder);
  const std::string hash = CheckpointReader(folder).hash();
  const std::string older_hash = CheckpointReader(fallback).hash();
  Spoiler spoiler(files, read_files(fallback), seed);
  std::int64_t bad = 0;
  for (std::int64_t i = 0; i < cases; ++i) {
    const Spoiler::Damage one = spoiler.next();
    if (one.contents == files.at(one.file)) continue;
    write_file(folder / one.file, one.contents);
    const std::string problem = problem_of(scratch, fallback, hash, older_hash, one.file);
    if (!problem.empty() && ++bad <= 3) {
      fmt::print("{} in {}: {}\n", one.kind, one.file, problem);
    }
    write_file(folder / one.file, files.at(one.file));
  }
  fs::remove_all(scratch);
  fmt::print("damage: {} cases, {} bad\n", cases, bad);
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace switchyard::crash_lab

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} RUN SCRATCH SEED CASES\n", argv[0]);
    return 2;
  }
  return switchyard::crash_lab::damage(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10),
                                       std::strtoll(argv[4], nullptr, 10));
}
