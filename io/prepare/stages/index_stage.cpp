#include "io/prepare/stages/index_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "io/folder/manifest.h"
#include "io/prepare/stages/write_stage.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/store/key_index.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

// Each document's number among the kept ones, by ordinal; of a removed one, that of the next kept.
std::vector<std::uint32_t> number_kept(const Bitmap& kept, std::int64_t count) {
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(count));
  std::uint32_t next = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    numbers[static_cast<std::size_t>(i)] = next;
    next += kept.test(i) ? 1 : 0;
  }
  return numbers;
}

void write_partition(const Job& job, const Order& order, int key_partition, const Bitmap& kept,
                     const std::vector<std::uint32_t>& numbers) {
  std::vector<KeyedDocument> documents = keyed_documents(job, key_partition);
  for (int partition = 0; partition < job.partitions.count(); ++partition) {
    const std::filesystem::path more = cut_keys_file(job, partition);
    if (std::filesystem::exists(more)) add_keyed(more, key_partition, documents);
  }
  std::erase_if(documents, [&](const KeyedDocument& each) { return !kept.test(each.ordinal); });
  sort_keyed(documents, order);
  std::vector<IndexedKey> keys;
  for (const KeyedDocument& entry : documents) {
    const IndexedKey key{entry.key, numbers[entry.ordinal]};
    if (keys.empty() || keys.back() != key) keys.push_back(key);
  }
  const std::filesystem::path folder = job.config.output / documents_folder;
  const std::string name = fmt::format("index-g{:03}-{:04}", job.generation, key_partition);
  std::filesystem::remove(folder / (name + ".h5"));  // of an attempt that was interrupted
  const FileEntry entry = write_key_index(folder, name, keys);
  SpillWriter out(job.file("indexed", key_partition), 1);
  out.append(0, json_of(std::vector<FileEntry>{entry}).dump());
  out.finish();
}

}  // namespace

std::vector<FileEntry> run_index_stage(const Job& job, const Order& order, const Bitmap& kept) {
  const std::vector<std::uint32_t> numbers = number_kept(kept, order.count());
  run_tasks({"index", "parts", order.key_partitions, [](std::int64_t) { return std::int64_t{1}; },
             [&](std::int64_t i) { return std::filesystem::exists(job.file("indexed", i)); },
             [&](std::int64_t i, const auto& advance) {
               write_partition(job, order, static_cast<int>(i), kept, numbers);
               advance(1);
             }},
            job);
  std::vector<FileEntry> files;
  agree(job.world, [&] {
    for (int i = 0; i < order.key_partitions; ++i) {
      const std::string text = SpillReader(job.file("indexed", i)).read_partition(0);
      files.push_back(files_of(nlohmann::json::parse(text)).front());
    }
  });
  return files;
}

}  // namespace switchyard::prepare
