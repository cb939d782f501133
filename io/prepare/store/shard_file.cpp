#include "io/prepare/store/shard_file.h"

#include "io/prepare/store/string_table.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

std::vector<FileExtent> find_extents(const std::filesystem::path& folder, const FileEntry& entry,
                                     const std::vector<ShardFile::Dataset>& own) {
  std::vector<ShardFile::Dataset> all = {
      {"hash", "u64", 2}, {"source", "u16"}, {"strings", "u8"}, {"strings_offsets", "i64"}};
  all.insert(all.end(), own.begin(), own.end());
  std::vector<FileExtent> extents;
  for (const auto& [name, dtype, columns] : all) {
    extents.push_back({folder / entry.name, find_extent(entry, name, dtype, columns)});
  }
  return extents;
}

}  // namespace

ShardFile::ShardFile(const std::filesystem::path& folder, const FileEntry& entry,
                     std::int64_t strings_per_document, const std::vector<Dataset>& own)
    : strings_per_document_(strings_per_document),
      extents_(find_extents(folder, entry, own)),
      reader_(extents_) {
  require_rows(hashes);
  require(rows(string_offsets) == strings_per_document_ * size() + 1, Exit::data,
          "{} has {} strings for its {} documents", path().string(), rows(string_offsets) - 1,
          size());
}

void ShardFile::require_rows(std::int64_t dataset, std::int64_t more) const {
  require(rows(dataset) == size() + more, Exit::data,
          "'{}' of {} has {} rows, which does not fit its {} documents", extent(dataset).name,
          path().string(), rows(dataset), size());
}

std::int64_t ShardFile::checked(std::int64_t i) const {
  require(i >= 0 && i < size(), "document {} of {}, which has {}", i, path().string(), size());
  return i;
}

ContentHash ShardFile::hash(std::int64_t dataset, std::int64_t i) {
  const std::int64_t first = 2 * checked(i);
  return {reader_.value<std::uint64_t>(dataset, first),
          reader_.value<std::uint64_t>(dataset, first + 1)};
}

std::string ShardFile::string(std::int64_t which, std::int64_t i) {
  return table_string(strings, strings_per_document_ * checked(i) + which);
}

std::string ShardFile::table_string(std::int64_t table, std::int64_t i) {
  return read_string(reader_, extents_, table, i);
}

}  // namespace switchyard::prepare
