#include <algorithm>
#include <system_error>

#include "io/checkpoint.h"
#include "io/checkpoint_format.h"
#include "io/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  CheckpointId id;
  fs::path folder;
  bool committed = false;
};

// Newest first. Other files and folders that stand there are none of ours.
std::vector<Candidate> candidates(const fs::path& run_directory) {
  std::vector<Candidate> found;
  std::error_code error;
  for (fs::directory_iterator entry(run_directory / "checkpoints", error), end;
       !error && entry != end; entry.increment(error)) {
    const auto id = parse_checkpoint_folder_name(entry->path().filename().string());
    if (id) found.push_back({*id, entry->path(), is_committed(entry->path())});
  }
  require(!error || error == std::errc::no_such_file_or_directory, Exit::data,
          "cannot list the checkpoints of {}: {}", run_directory.string(), error.message());
  std::sort(found.begin(), found.end(),
            [](const Candidate& a, const Candidate& b) { return a.id > b.id; });
  return found;
}

const char* const unfinished = "it has no manifest: its save did not finish";

// What `check` of an opened checkpoint throws, in words.
template <class Check>
std::optional<std::string> problem_of(const fs::path& folder, Check check) {
  try {
    check(CheckpointReader(folder));
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::vector<CheckpointStatus> list_checkpoints(const fs::path& run_directory) {
  std::vector<CheckpointStatus> list;
  for (const auto& [id, folder, committed] : candidates(run_directory)) {
    auto problem = committed ? problem_of(folder, [](const CheckpointReader&) {}) : unfinished;
    list.push_back({folder, id.step, id.attempt, committed, problem.value_or("")});
  }
  std::reverse(list.begin(), list.end());
  return list;
}

std::optional<std::string> verify_checkpoint(const fs::path& folder) {
  return problem_of(folder, [](const CheckpointReader& checkpoint) { checkpoint.hash(); });
}

Found newest_good_checkpoint(const fs::path& run_directory) {
  Found found;
  for (const Candidate& candidate : candidates(run_directory)) {
    const auto problem =
        candidate.committed ? verify_checkpoint(candidate.folder) : std::string(unfinished);
    if (!problem) {
      found.folder = candidate.folder;
      break;
    }
    found.skipped.push_back(
        fmt::format("skipped {}: {}", candidate.folder.filename().string(), *problem));
  }
  return found;
}

void retain_checkpoints(const fs::path& run_directory, int keep) {
  require(keep >= 2, Exit::usage, "{} checkpoints to keep, and 2 are the fewest that are safe",
          keep);
  const std::vector<Candidate> all = candidates(run_directory);
  const auto num_committed =
      std::count_if(all.begin(), all.end(), [](const Candidate& one) { return one.committed; });
  if (num_committed <= keep && num_committed == std::ssize(all)) return;  // reading costs time

  int num_good = 0;
  for (const Candidate& candidate : all) {
    if (!candidate.committed) {
      if (num_good >= 1) remove_folder(candidate.folder);
    } else if (num_good >= keep) {
      remove_folder(candidate.folder);
    } else if (!verify_checkpoint(candidate.folder)) {
      ++num_good;
    }
  }
}

}  // namespace switchyard
