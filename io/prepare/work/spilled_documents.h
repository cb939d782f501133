// SpilledDocuments: what the read stage left, for any rank to look up.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/input/problems.h"
#include "io/prepare/work/job.h"
#include "io/prepare/work/record.h"
#include "io/prepare/work/spill.h"

namespace switchyard::prepare {

// A unit's spill file holds for partition p of P: texts in p, records in P + p; in 2 P its tally.
inline int text_partition(int partition) { return partition; }
inline int record_partition(int partition, int count) { return count + partition; }
inline int tally_partition(int count) { return 2 * count; }

class SpilledDocuments {
 public:
  // cache_bytes: how much text to keep in memory.
  SpilledDocuments(const Job& job, std::int64_t cache_bytes);

  std::int64_t num_records(int partition) const;
  std::int64_t text_bytes() const;  // of all documents
  // In canonical order: a record's index is its ordinal within the partition.
  std::vector<DocumentRecord> records(int partition) const;
  // Valid until the next call. Errors: Exit::data if the spill file is damaged.
  std::string_view text(const Locator& at);

  struct ReadTally {
    std::vector<nlohmann::json> sources;  // counts of each
    Problems problems;
    ContentHash hash;  // of all documents that were read: a sum, so that order does not matter
  };
  ReadTally tally() const;

 private:
  using BlockName = std::pair<std::uint32_t, std::uint32_t>;  // unit, block
  struct Cached {
    BlockName name;
    std::string bytes;
  };
  const std::string& block(const BlockName& name);

  int num_partitions_, num_sources_;
  std::int64_t cache_bytes_, cached_bytes_ = 0;
  std::vector<SpillReader> units_;
  std::list<Cached> cache_;  // the last used first
  std::unordered_map<std::uint64_t, std::list<Cached>::iterator> places_;
};

}  // namespace switchyard::prepare
