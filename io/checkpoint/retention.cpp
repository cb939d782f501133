#include "io/checkpoint/retention.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "io/checkpoint/checkpoint.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr double never_evaluated = std::numeric_limits<double>::infinity();

}  // namespace

Retention::Retention(fs::path run_directory, RetentionPolicy policy)
    : run_directory_(std::move(run_directory)), policy_(policy) {
  require(policy.keep >= 2, Exit::usage,
          "cannot keep only {} checkpoints: keep at least 2, so that a damaged one leaves another",
          policy.keep);
}

void Retention::note_good(const fs::path& folder) { good_[folder.filename().string()] = true; }

bool Retention::is_good(const fs::path& folder) {
  const auto [place, unknown] = good_.try_emplace(folder.filename().string(), false);
  if (unknown) place->second = !verify_checkpoint(folder);
  return place->second;
}

double Retention::validation_loss(const fs::path& folder) {
  const auto [place, unknown] = losses_.try_emplace(folder.filename().string(), never_evaluated);
  if (unknown) place->second = validation_loss_of(folder).value_or(never_evaluated);
  return place->second;
}

std::vector<fs::path> Retention::apply() {
  const std::vector<fs::path> deleted = surplus();
  for (const fs::path& folder : deleted) remove_folder(folder);
  return deleted;
}

std::vector<fs::path> Retention::surplus() {
  std::vector<CheckpointStatus> all = find_checkpoints(run_directory_);
  std::reverse(all.begin(), all.end());  // newest first
  std::vector<fs::path> older, deleted;
  int num_good = 0;
  const auto counts = [](const CheckpointStatus& one) { return one.committed && !one.superseded; };
  if (std::count_if(all.begin(), all.end(), counts) <= policy_.keep &&
      std::all_of(all.begin(), all.end(), counts)) {
    return {};  // reading costs time
  }
  for (const CheckpointStatus& one : all) {
    if (!counts(one)) {
      if (num_good >= 1) deleted.push_back(one.folder);
    } else if (num_good < policy_.keep) {
      num_good += is_good(one.folder);
    } else if (policy_.keep_every == 0 || one.step % policy_.keep_every != 0) {
      older.push_back(one.folder);
    }
  }
  if (policy_.keep_best > 0) {
    std::vector<std::pair<double, fs::path>> ranking;
    for (const CheckpointStatus& one : all) {
      const double loss = counts(one) ? validation_loss(one.folder) : never_evaluated;
      if (loss < never_evaluated) ranking.emplace_back(loss, one.folder);
    }
    std::sort(ranking.begin(), ranking.end());
    for (std::size_t i = 0; i < ranking.size() && i < std::size_t(policy_.keep_best); ++i) {
      std::erase(older, ranking[i].second);
    }
  }
  deleted.insert(deleted.end(), older.begin(), older.end());
  return deleted;
}

}  // namespace switchyard
