#include "io/prepare/work/order.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/prepare/words/spread_sort.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t keyed_bytes = 12;  // in a spill file: key, ordinal

}  // namespace

int Order::partition_of(std::int64_t ordinal) const {
  return static_cast<int>(std::upper_bound(first.begin(), first.end(), ordinal) - first.begin()) -
         1;
}

int Order::key_bits() const { return std::countr_zero(static_cast<unsigned>(key_partitions)); }

int Order::key_partition_of(std::uint64_t key) const {
  return key_bits() == 0 ? 0 : static_cast<int>(key >> (64 - key_bits()));
}

void spill_keyed(const KeyedDocument& document, const Order& order, SpillWriter& spill) {
  char bytes[keyed_bytes];
  std::memcpy(bytes, &document.key, sizeof document.key);
  std::memcpy(bytes + sizeof document.key, &document.ordinal, sizeof document.ordinal);
  spill.append(order.key_partition_of(document.key), {bytes, sizeof bytes});
}

void add_keyed(const std::filesystem::path& spill, int key_partition,
               std::vector<KeyedDocument>& documents) {
  const std::string bytes = SpillReader(spill).read_partition(key_partition);
  for (std::size_t at = 0; at + keyed_bytes <= bytes.size(); at += keyed_bytes) {
    KeyedDocument& entry = documents.emplace_back();
    std::memcpy(&entry.key, bytes.data() + at, sizeof entry.key);
    std::memcpy(&entry.ordinal, bytes.data() + at + sizeof entry.key, sizeof entry.ordinal);
  }
}

std::vector<KeyedDocument> keyed_documents(const Job& job, int key_partition) {
  std::vector<KeyedDocument> result;
  for (int partition = 0; partition < job.partitions.count(); ++partition) {
    add_keyed(job.file("keys", partition), key_partition, result);
  }
  return result;
}

void sort_keyed(std::vector<KeyedDocument>& documents, const Order& order) {
  spread_sort(documents, order.key_bits(), [](const KeyedDocument& each) { return each.key; });
}

}  // namespace switchyard::prepare
