// ShardFile: a file of the documents layer, its datasets read by document (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/folder/chunk_reader.h"

namespace switchyard::prepare {

// The common part of shards of kept and of removed documents. Errors of everything here:
// Exit::data naming the file, and the chunk if one does not match its hash.
class ShardFile {
 public:
  struct Dataset {
    const char* name;
    const char* dtype;
    std::int64_t columns = 1;
  };
  // Datasets are numbered: those of every shard, then the shard's own. A table of strings is two.
  enum : std::int64_t { hashes, sources, strings, string_offsets, first_own_dataset };
  // So are the strings of a document.
  enum : std::int64_t { id_string, url_string, first_own_string };

  ShardFile(const std::filesystem::path& folder, const FileEntry& entry,
            std::int64_t strings_per_document, const std::vector<Dataset>& own);

  const std::filesystem::path& path() const { return extents_.front().file; }
  std::int64_t size() const { return rows(sources); }  // documents
  std::int64_t rows(std::int64_t dataset) const { return rows_of(extent(dataset)); }
  std::int64_t bytes(std::int64_t dataset) const { return extent(dataset).bytes; }
  // Errors: Exit::data unless the dataset has one row for each document, and `more`.
  void require_rows(std::int64_t dataset, std::int64_t more = 0) const;

  // Returns i, which must be one of the documents.
  std::int64_t checked(std::int64_t i) const;
  ContentHash hash(std::int64_t dataset, std::int64_t i);  // of document i
  std::string string(std::int64_t which, std::int64_t i);  // of document i
  template <class T>
  T value(std::int64_t dataset, std::int64_t i) {  // of document i
    return reader_.value<T>(dataset, checked(i));
  }

  // Values and strings of datasets that do not count by documents.
  template <class T>
  T row(std::int64_t dataset, std::int64_t i) {
    return reader_.value<T>(dataset, i);
  }
  std::string table_string(std::int64_t table, std::int64_t i);
  void read(std::int64_t dataset, std::int64_t begin, std::span<std::byte> out) {
    reader_.read(dataset, begin, out);
  }

  void release() { reader_.release(); }

 private:
  const Extent& extent(std::int64_t dataset) const {
    return extents_[static_cast<std::size_t>(dataset)].extent;
  }

  std::int64_t strings_per_document_;
  std::vector<FileExtent> extents_;
  ChunkReader reader_;
};

}  // namespace switchyard::prepare
