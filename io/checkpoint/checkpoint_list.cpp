#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/checkpoint/run_line.h"
#include "io/folder/committed_folder.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

const char* const unfinished = "it has no manifest: its save did not finish";

// Opens the checkpoint and checks it. Returns the error in words, or nothing.
template <class Check>
std::optional<std::string> problem_of(const fs::path& folder, Check check) {
  try {
    check(CheckpointReader(folder));
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

// Collective. Every rank verifies a share. Returns the same words on all ranks; empty: nothing is
// wrong.
std::string problem_of_all(const fs::path& folder, Comm& world) {
  try {
    const CheckpointReader checkpoint = CheckpointReader::open_on_all(folder, world);
    agree(world, [&] { checkpoint.verify_share(world.rank(), world.size()); });
    return "";
  } catch (const Error& error) {
    if (!error.agreed()) throw;
    return error.what();
  }
}

// Errors: Exit::data if no checkpoint was evaluated.
fs::path best_checkpoint(const fs::path& run) {
  const std::vector<RankedCheckpoint> ranking = rank_checkpoints(run);
  require(!ranking.empty(), Exit::data,
          "no checkpoint of {} has a validation loss, so none is the best: set "
          "train.evaluate_every, and checkpoint.keep_best to keep it",
          run.string());
  return ranking.front().folder;
}

}  // namespace

std::vector<CheckpointStatus> find_checkpoints(const fs::path& run_directory) {
  const RunLine line(run_directory);
  std::vector<CheckpointStatus> found;
  std::error_code error;
  for (fs::directory_iterator entry(run_directory / "checkpoints", error), end;
       !error && entry != end; entry.increment(error)) {
    const auto id = parse_checkpoint_folder_name(entry->path().filename().string());
    if (!id) continue;  // not a checkpoint
    CheckpointStatus status{entry->path(), id->step, id->attempt, is_committed(entry->path()),
                            false,         ""};
    if (!status.committed) status.problem = unfinished;
    if (const auto later = line.superseded_by(*id); later && status.committed) {
      status.superseded = true;
      status.problem = fmt::format("attempt {} went on from an older one", *later);
    }
    found.push_back(std::move(status));
  }
  require(!error || error == std::errc::no_such_file_or_directory, Exit::data,
          "cannot list the checkpoints of {}: {}", run_directory.string(), error.message());
  const auto age = [](const CheckpointStatus& one) { return std::pair(one.step, one.attempt); };
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return age(a) < age(b); });
  return found;
}

std::vector<CheckpointStatus> list_checkpoints(const fs::path& run_directory) {
  std::vector<CheckpointStatus> list = find_checkpoints(run_directory);
  for (CheckpointStatus& status : list) {
    if (!status.problem.empty()) continue;
    status.problem = problem_of(status.folder, [](const CheckpointReader&) {}).value_or("");
  }
  return list;
}

std::optional<double> validation_loss_of(const fs::path& folder) {
  try {
    const CheckpointReader checkpoint(folder);
    const JsonFields fields = checkpoint.fields();
    if (fields.has("validation_loss"))
      return fields.number("validation_loss", 0, std::numeric_limits<double>::max());
  } catch (const Error&) {  // a damaged checkpoint counts as never evaluated
  }
  return std::nullopt;
}

std::vector<RankedCheckpoint> rank_checkpoints(const fs::path& run_directory) {
  std::vector<RankedCheckpoint> ranking;
  for (const CheckpointStatus& one : find_checkpoints(run_directory)) {
    if (!one.problem.empty()) continue;
    if (const auto loss = validation_loss_of(one.folder)) ranking.push_back({*loss, one.folder});
  }
  std::ranges::stable_sort(ranking, {}, &RankedCheckpoint::validation_loss);
  return ranking;
}

std::optional<fs::path> find_by_short_name(const std::string& name) {
  const std::size_t split = name.find_last_of("@/");
  if (split == std::string::npos || split + 1 == name.size()) return std::nullopt;
  const fs::path run = name.substr(0, split);
  std::string wanted = name.substr(split + 1);
  const bool is_step = wanted.find_first_not_of("0123456789") == std::string::npos;
  while (is_step && wanted.size() > 1 && wanted[0] == '0') wanted.erase(0, 1);
  if (!fs::exists(run / "checkpoints")) return std::nullopt;
  if (name[split] == '@' && wanted == "best") return best_checkpoint(run);
  if (!is_step && !parse_checkpoint_folder_name(wanted)) return std::nullopt;
  std::optional<fs::path> found;
  std::vector<std::string> steps;
  for (const CheckpointStatus& one : find_checkpoints(run)) {
    if (!one.problem.empty() && is_step) continue;
    steps.push_back(std::to_string(one.step));
    if (is_step ? steps.back() == wanted : one.folder.filename() == wanted) found = one.folder;
  }
  require(found.has_value(), Exit::data, "{} holds no checkpoint {}{}; it has those of steps {}",
          run.string(), is_step ? "of step " : "", wanted, fmt::join(steps, ", "));
  return found;
}

std::optional<std::string> verify_checkpoint(const fs::path& folder) {
  return problem_of(folder, [](const CheckpointReader& checkpoint) { checkpoint.verify(); });
}

Found newest_good_checkpoint(const fs::path& run_directory, Comm& world, std::int64_t back) {
  std::vector<CheckpointStatus> all;  // known to rank 0
  on_root(world, [&] { all = find_checkpoints(run_directory); });
  Found found;
  for (std::int64_t i = reduce_one(world, std::ssize(all), Reduce::max); i-- > 0 && back >= 0;) {
    CheckpointStatus one;
    if (world.rank() == 0) one = all[static_cast<std::size_t>(i)];
    const fs::path folder = broadcast_text(world, one.folder.string(), 0);
    std::string problem = broadcast_text(world, one.problem, 0);
    if (problem.empty()) {
      problem = problem_of_all(folder, world);
      if (!problem.empty()) ++found.num_damaged;
    }
    if (problem.empty()) {
      found.folder = folder;
      --back;
    } else {
      found.skipped.push_back(fmt::format("skipped {}: {}", folder.filename().string(), problem));
    }
  }
  return found;
}

Found newest_good_checkpoint(const fs::path& run_directory) {
  return newest_good_checkpoint(run_directory, *make_single_comm());
}

}  // namespace switchyard
