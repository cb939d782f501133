#include "io/prepare/stages/group_stage.h"

#include <span>

#include "io/files/durable.h"
#include "io/prepare/work/number_file.h"

namespace switchyard::prepare {
namespace {

// Writes the members of one key, in ascending order, each once.
void write_group(std::span<const KeyedDocument> members, NumberWriter& groups) {
  if (members.size() < 2) return;
  groups.put(static_cast<std::uint32_t>(members.size()));
  for (const KeyedDocument& member : members) groups.put(member.ordinal);
}

void write_earlier_pairs(std::span<const KeyedDocument> members, EarlierDocuments& earlier,
                         NumberWriter& pairs) {
  earlier.find(members.front().key, [&](std::int64_t number) {
    for (const KeyedDocument& member : members) {
      pairs.put(member.ordinal);
      pairs.put(static_cast<std::uint32_t>(number));
      pairs.put(static_cast<std::uint32_t>(number >> 32));
    }
  });
}

void group_partition(const Job& job, const Order& order, EarlierDocuments& earlier,
                     int key_partition) {
  std::vector<KeyedDocument> documents = keyed_documents(job, key_partition);
  sort_keyed(documents, order);
  documents.erase(std::unique(documents.begin(), documents.end()), documents.end());
  const std::filesystem::path finished = group_file(job, key_partition);
  const std::filesystem::path aside = finished.string() + ".part";
  NumberWriter groups(aside), pairs(earlier_pairs_file(job, key_partition));
  for (std::size_t begin = 0, end = 0; begin < documents.size(); begin = end) {
    while (end < documents.size() && documents[end].key == documents[begin].key) ++end;
    const auto members = std::span(documents).subspan(begin, end - begin);
    write_group(members, groups);
    write_earlier_pairs(members, earlier, pairs);
  }
  pairs.finish();
  groups.finish();
  durable::rename_file(aside, finished);
}

}  // namespace

std::filesystem::path group_file(const Job& job, int key_partition) {
  return job.file("groups", key_partition);
}

std::filesystem::path earlier_pairs_file(const Job& job, int key_partition) {
  return job.file("earlier", key_partition);
}

void run_group_stage(const Job& job, const Order& order, EarlierDocuments& earlier) {
  run_tasks({"group", "parts", order.key_partitions, [](std::int64_t) { return std::int64_t{1}; },
             [&](std::int64_t i) {
               return std::filesystem::exists(group_file(job, static_cast<int>(i)));
             },
             [&](std::int64_t i, const auto& advance) {
               group_partition(job, order, earlier, static_cast<int>(i));
               advance(1);
             }},
            job);
}

}  // namespace switchyard::prepare
