#include "io/prepare/stages/keep_stage.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "io/prepare/input/tally.h"
#include "io/prepare/stages/group_stage.h"
#include "io/prepare/stages/verifier.h"
#include "io/prepare/work/exchange_records.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

constexpr int jaccard_bins = 20;

int owner_of(int partition, const Job& job) { return partition % job.world.size(); }

std::filesystem::path summary_file(const Job& job) { return job.work / "decided"; }

// Writes a spill file, because its reader checks it.
void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  SpillWriter file(path, 1);
  file.append(0, bytes);
  file.finish();
}

IndependentSetTask task_of(const Job& job, const Order& order, const EarlierDocuments& earlier) {
  IndependentSetTask task;
  task.num_earlier = earlier.count();
  task.num_documents = order.count();
  for (int i = job.world.rank(); i < order.key_partitions; i += job.world.size()) {
    task.groups.push_back(group_file(job, i));
    task.earlier_pairs.push_back(earlier_pairs_file(job, i));
  }
  task.scratch = job.file("round", job.world.rank());
  task.pairs_at_once =
      std::max<std::int64_t>(1 << 16, job.config.memory / 16 / std::int64_t{sizeof(DocumentPair)});
  task.owner = [&](std::int64_t ordinal) { return owner_of(order.partition_of(ordinal), job); };
  task.progress = [&job](std::int64_t removed) {
    if (job.world.rank() == 0) job.progress({"compare", "documents removed", removed, 0});
  };
  return task;
}

ContentHash hash_of(std::int64_t number, const EarlierDocuments& earlier,
                    const durable::File& locators) {
  if (number < earlier.count()) return earlier.document(number).hash;
  Locator at;
  (void)locators.read_at((number - earlier.count()) * std::int64_t{sizeof(Locator)},
                         std::as_writable_bytes(std::span(&at, 1)));
  return at.hash;
}

// One file for each partition that this rank owns.
void save_decisions(const Job& job, const Order& order, const EarlierDocuments& earlier,
                    const std::vector<Removal>& removals) {
  const auto locators = durable::File::open_for_reading(order.locators);
  auto next = removals.begin();
  for (int partition = 0; partition < job.partitions.count(); ++partition) {
    if (owner_of(partition, job) != job.world.rank()) continue;
    const std::int64_t end = earlier.count() + order.first[partition + 1];
    std::string bytes;
    for (; next != removals.end() && next->later < end; ++next) {
      const Decision decision{next->later - earlier.count(),
                              hash_of(next->earlier, earlier, locators), next->jaccard,
                              next->reason};
      bytes.append(reinterpret_cast<const char*>(&decision), sizeof decision);
    }
    write_bytes(job.file("decisions", partition), bytes);
  }
}

// Counts clusters by their size, {"2": 120, "3": 7}; the counts of all ranks are to be added up.
nlohmann::json count_clusters(const Job& job, const std::vector<Removal>& removals) {
  const auto ranks = static_cast<std::size_t>(job.world.size());
  std::vector<std::vector<std::int64_t>> keepers(ranks);
  for (const Removal& removal : removals) {
    keepers[static_cast<std::size_t>(removal.earlier) % ranks].push_back(removal.earlier);
  }
  Stream stream = Stream::cpu(1);
  std::vector<std::int64_t> mine = exchange_records(keepers, job.world, stream);
  std::sort(mine.begin(), mine.end());
  std::map<std::int64_t, std::int64_t> sizes;
  for (auto begin = mine.begin(); begin != mine.end();) {
    const auto end = std::upper_bound(begin, mine.end(), *begin);
    ++sizes[end - begin + 1];
    begin = end;
  }
  nlohmann::json counts = nlohmann::json::object();
  for (const auto& [size, count] : sizes) counts[std::to_string(size)] = count;
  return counts;
}

nlohmann::json tally_of(const Job& job, const std::vector<Removal>& removals) {
  std::vector<std::int64_t> bins(jaccard_bins, 0);
  for (const Removal& removal : removals) {
    if (removal.reason != RemovalReason::near_duplicate) continue;
    ++bins[std::min<std::size_t>(jaccard_bins - 1,
                                 static_cast<std::size_t>(removal.jaccard * jaccard_bins))];
  }
  return {{"clusters", count_clusters(job, removals)}, {"jaccard", bins}};
}

Decisions load_summary(const Job& job) {
  const SpillReader file(summary_file(job));
  Decisions decisions;
  decisions.tally = nlohmann::json::parse(file.read_partition(0));
  const std::string bits = file.read_partition(1);
  decisions.removed = Bitmap(std::ssize(bits) * 8);
  std::memcpy(decisions.removed.bytes().data(), bits.data(), bits.size());
  return decisions;
}

void save_summary(const Job& job, const Decisions& decisions) {
  SpillWriter file(summary_file(job), 2);
  file.append(0, decisions.tally.dump());
  const auto& bits = decisions.removed.bytes();
  file.append(1, {reinterpret_cast<const char*>(bits.data()), bits.size()});
  file.finish();
}

}  // namespace

Decisions run_keep_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                         const EarlierDocuments& earlier) {
  Decisions decisions;
  bool decided = false;
  agree(job.world, [&] {
    decided = std::filesystem::exists(summary_file(job));
    if (decided) decisions = load_summary(job);
  });
  if (decided) return decisions;

  IndependentSetTask task = task_of(job, order, earlier);
  Verifier verifier(job, order, documents, earlier, job.config.memory / 4);
  task.verify = [&](const std::vector<DocumentPair>& pairs) { return verifier(pairs); };
  IndependentSet set = first_independent_set(task, job.world);
  nlohmann::json tally = tally_of(job, set.removals);
  decisions.removed = std::move(set.removed);
  for (const std::string& other : all_gather_text(job.world, tally.dump())) {
    add_tally(decisions.tally, nlohmann::json::parse(other));
  }
  decisions.tally["rounds"] = set.rounds;
  agree(job.world, [&] { save_decisions(job, order, earlier, set.removals); });
  on_root(job.world, [&] { save_summary(job, decisions); });
  return decisions;
}

std::vector<Decision> load_decisions(const Job& job, int partition) {
  const std::string bytes = SpillReader(job.file("decisions", partition)).read_partition(0);
  std::vector<Decision> decisions(bytes.size() / sizeof(Decision));
  std::memcpy(decisions.data(), bytes.data(), decisions.size() * sizeof(Decision));
  return decisions;
}

}  // namespace switchyard::prepare
