#include "io/prepare/stages/order_stage.h"

#include <algorithm>
#include <bit>

#include "io/files/file.h"
#include "io/prepare/store/document_keys.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

// Estimates how many keys the documents have, including those of lines and spans if these are cut.
std::int64_t estimate_keys(std::int64_t num_documents, std::int64_t text_bytes,
                           const DedupConfig& dedup) {
  constexpr std::int64_t bytes_per_line_key = 40, bytes_per_span_key = 80;
  std::int64_t keys = num_documents * (dedup.minhash.bands + 2);
  if (dedup.lines || dedup.paragraphs) keys += text_bytes / bytes_per_line_key;
  if (dedup.spans) keys += text_bytes / bytes_per_span_key;
  return keys;
}

// Enough that one partition takes some 40 MiB of memory.
int num_key_partitions(std::int64_t num_keys) {
  constexpr std::int64_t keys_in_memory = std::int64_t{5} << 19;
  constexpr int most = 4096;
  return std::min(most, 1 << std::bit_width(static_cast<std::uint64_t>(num_keys / keys_in_memory)));
}

Order number_documents(const Job& job, const SpilledDocuments& documents) {
  Order order;
  order.first.push_back(0);
  for (int partition = 0; partition < job.partitions.count(); ++partition) {
    order.first.push_back(order.first.back() + documents.num_records(partition));
  }
  require(order.count() < std::int64_t{1} << 32, Exit::usage,
          "one generation has {} documents, and can have 2^32: prepare a part, then --append",
          order.count());
  order.key_partitions =
      num_key_partitions(estimate_keys(order.count(), documents.text_bytes(), job.config.dedup));
  order.locators = job.work / "locators";
  return order;
}

void spill_keys(const DocumentRecord& record, std::uint32_t ordinal, const Order& order,
                const DedupConfig& dedup, SpillWriter& spill) {
  if (record.removed()) return;
  const auto add = [&](std::uint64_t key) { spill_keyed({key, ordinal}, order, spill); };
  if (dedup.exact) add(key_of_text(record.at.normalized_hash));
  if (dedup.url && record.at.url_key != 0) add(record.at.url_key);
  for (const std::uint64_t key : record.band_keys) add(key);
}

void order_partition(const Job& job, const SpilledDocuments& documents, const Order& order,
                     int partition, durable::File& locators) {
  const std::vector<DocumentRecord> records = documents.records(partition);
  const std::int64_t first = order.first[static_cast<std::size_t>(partition)];
  std::vector<Locator> places;
  places.reserve(records.size());
  SpillWriter spill(job.file("keys", partition), order.key_partitions, std::int64_t{16} << 10);
  for (const DocumentRecord& record : records) {
    spill_keys(record, static_cast<std::uint32_t>(first + std::ssize(places)), order,
               job.config.dedup, spill);
    places.push_back(record.at);
  }
  locators.write_at(
      first * std::int64_t{sizeof(Locator)},
      {reinterpret_cast<const char*>(places.data()), places.size() * sizeof(Locator)});
  spill.finish();
}

}  // namespace

Order run_order_stage(const Job& job, const SpilledDocuments& documents) {
  Order order;
  agree(job.world, [&] { order = number_documents(job, documents); });
  run_tasks({"order", "documents", job.partitions.count(),
             [&](std::int64_t i) { return order.first[i + 1] - order.first[i]; },
             [&](std::int64_t i) { return std::filesystem::exists(job.file("keys", i)); },
             [&](std::int64_t i, const auto& advance) {
               auto locators = durable::File::open_for_writing(order.locators, 0);
               order_partition(job, documents, order, static_cast<int>(i), locators);
               advance(order.first[i + 1] - order.first[i]);
             }},
            job);
  return order;
}

}  // namespace switchyard::prepare
