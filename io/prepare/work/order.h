// Order: the documents of a generation in canonical order, and the keys by which two of them may be
// the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/prepare/work/job.h"
#include "io/prepare/work/spill.h"

namespace switchyard::prepare {

// Ordinals: a document's number in its generation, in canonical order.
struct Order {
  std::vector<std::int64_t> first;  // ordinal of each partition's first document; the last: of all
  int key_partitions = 1;           // keys of equal high bits are in one
  std::filesystem::path locators;   // one Locator for each ordinal

  std::int64_t count() const { return first.back(); }
  int partition_of(std::int64_t ordinal) const;
  int key_bits() const;  // which all keys of a partition have in common
  int key_partition_of(std::uint64_t key) const;
};

struct KeyedDocument {
  std::uint64_t key = 0;
  std::uint32_t ordinal = 0;

  auto operator<=>(const KeyedDocument&) const = default;
};

// Writes to the partition of the key in a spill file, and reads one partition of it.
void spill_keyed(const KeyedDocument& document, const Order& order, SpillWriter& spill);
void add_keyed(const std::filesystem::path& spill, int key_partition,
               std::vector<KeyedDocument>& documents);

// The documents of one partition of keys, unsorted. On any rank.
std::vector<KeyedDocument> keyed_documents(const Job& job, int key_partition);
void sort_keyed(std::vector<KeyedDocument>& documents, const Order& order);

}  // namespace switchyard::prepare
