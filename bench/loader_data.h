// Datasets for bench/loader_bench.cpp: one of real size, and a table of 10^9 rows that uses no disk
// space.
#pragma once

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "io/folder/committed_folder.h"
#include "io/loader/row_table.h"
#include "io/loader/row_table_writer.h"
#include "io/tokens/token_writer.h"
#include "runtime/random.h"

namespace switchyard {

namespace fs = std::filesystem;
using nlohmann::json;

inline constexpr std::int64_t vocabulary = 50000;
inline constexpr std::int32_t boundary = 0;
inline constexpr std::int64_t num_tokens = std::int64_t{64} << 20;
inline constexpr std::int64_t tokens_of_shard = std::int64_t{8} << 20;

// Deleted at the end. SWITCHYARD_BENCH_DATA names a folder that is kept, for
// bench/peers/loader_h5py.py.
class BenchFolder {
 public:
  BenchFolder() : kept_(std::getenv("SWITCHYARD_BENCH_DATA")) {
    path_ = kept_ != nullptr
                ? fs::path(kept_)
                : fs::temp_directory_path() / ("loader_bench_" + std::to_string(getpid()));
    fs::create_directories(path_);
  }
  ~BenchFolder() {
    std::error_code ignored;
    if (kept_ == nullptr) fs::remove_all(path_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const char* kept_;
  fs::path path_;
};

inline const fs::path& bench_folder() {
  static const BenchFolder folder;
  return folder.path();
}

// One source of documents with log-normal lengths, 640 tokens on average.
inline void write_tokens(const fs::path& folder) {
  fs::create_directories(folder);
  const Random random(1, Purpose::sampling);
  std::vector<FileEntry> files;
  json shards = json::array();
  std::int64_t total = 0;
  std::uint64_t document = 0;
  while (total < num_tokens) {
    TokenWriter writer(folder, "train-" + std::to_string(files.size()), vocabulary);
    for (; writer.num_tokens() < tokens_of_shard; ++document) {
      std::vector<std::int32_t> text(
          static_cast<std::size_t>(350.0 * std::exp(1.1 * random.normal(document))));
      for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = 1 + static_cast<std::int32_t>((document * 31 + i * 7919) % (vocabulary - 1));
      }
      writer.add_document(boundary, text, 0, {document, document});
    }
    total += writer.num_tokens();
    files.push_back(writer.finish());
    shards.push_back(files.back().name);
  }
  json meta = {{"tokenizer",
                {{"kind", "bytes"},
                 {"vocabulary", vocabulary},
                 {"boundary", boundary},
                 {"hash", std::string(32, '0')}}},
               {"sources", {{{"name", "bench"}, {"licence", "CC0-1.0"}}}}};
  meta["splits"]["train"] = {{"tokens", total}, {"documents", document}, {"shards", shards}};
  const auto alone = make_single_comm();
  commit_folder(folder, tokens_kind, tokens_version, files, meta, *alone);
}

inline const TokenStore& bench_store() {
  static const TokenStore store = [] {
    const fs::path dataset = bench_folder() / "dataset";
    if (!is_committed(dataset / tokens_folder)) write_tokens(dataset / tokens_folder);
    return TokenStore(dataset);
  }();
  return store;
}

inline const fs::path& bench_rows(std::int64_t sequence_length) {
  static std::map<std::int64_t, fs::path> folders;
  fs::path& folder = folders[sequence_length];
  if (folder.empty()) {
    const auto alone = make_single_comm();
    folder = prepare_rows(bench_store(), sequence_length, bench_folder(), *alone);
  }
  return folder;
}

// A table of 10^9 rows of one piece each, and its manifest. Its zeros use no disk space.
inline fs::path write_huge_table(const TokenStore& store) {
  const fs::path folder = bench_folder() / "rows-huge";
  if (is_committed(folder)) return folder;
  fs::create_directories(folder);
  constexpr std::int64_t rows_of_file = std::int64_t{1} << 22, num_files = 239;
  const std::string zeros(static_cast<std::size_t>(row_chunk_bytes), '\0');
  std::vector<FileEntry> files;
  json names = json::array();
  const auto extent = [&](const char* name, const char* dtype, std::vector<std::int64_t> shape,
                          std::int64_t offset) {
    Extent result{name, dtype, std::move(shape), offset, 0, row_chunk_bytes, {}};
    result.bytes = bytes_of_shape(result.shape, element_bytes(dtype));
    for (std::int64_t i = 0; i < num_chunks(result); ++i) {
      result.chunk_hashes.push_back(content_hash(
          std::string_view(zeros).substr(0, static_cast<std::size_t>(bytes_of_chunk(result, i)))));
    }
    return result;
  };
  for (std::int64_t i = 0; i < num_files; ++i) {
    FileEntry file{"train-" + std::to_string(i) + ".h5", 0, {}, {}};
    std::int64_t offset = 2048;
    for (auto [name, dtype, shape] :
         {std::tuple{"row_first_piece", "i64", std::vector{rows_of_file + 1}},
          std::tuple{"row_tokens", "i32", std::vector{rows_of_file}},
          std::tuple{"pieces", "i64", std::vector{rows_of_file, std::int64_t{2}}}}) {
      file.extents.push_back(extent(name, dtype, shape, offset));
      offset += file.extents.back().bytes;
    }
    file.bytes = offset;
    file.rest_hash = content_hash(std::string_view(zeros).substr(0, 2048));
    std::ofstream(folder / file.name);
    fs::resize_file(folder / file.name, static_cast<std::uintmax_t>(offset));
    names.push_back(file.name);
    files.push_back(std::move(file));
  }
  json meta = {{"tokens_hash", store.hash()}, {"sequence_length", 4096}};
  meta["splits"]["train"] = {{"rows", rows_of_file * num_files},
                             {"tokens", store.num_tokens("train")},
                             {"least_rows", 1},
                             {"source_rows", {rows_of_file * num_files}},
                             {"files", names}};
  const auto alone = make_single_comm();
  commit_folder(folder, rows_kind, rows_version, files, meta, *alone);
  return folder;
}

}  // namespace switchyard
