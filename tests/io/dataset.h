// For tests of readers: small datasets made by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/committed_folder.h"
#include "io/token_store.h"
#include "io/token_writer.h"

namespace switchyard {

inline constexpr std::int64_t test_vocabulary = 257;
inline constexpr std::int32_t test_boundary = 256;

// `num_documents` documents whose tokens count up from their number; lengths 0 to 36.
inline std::vector<std::vector<std::int32_t>> test_documents(int num_documents) {
  std::vector<std::vector<std::int32_t>> documents(static_cast<std::size_t>(num_documents));
  for (int i = 0; i < num_documents; ++i) {
    for (int j = 0; j < i * 7 % 37; ++j)
      documents[static_cast<std::size_t>(i)].push_back((i + j) % 256);
  }
  return documents;
}

// The tokens of a split as one stream.
inline std::vector<std::int32_t> stream_of(
    const std::vector<std::vector<std::int32_t>>& documents) {
  std::vector<std::int32_t> tokens;
  for (const auto& document : documents) {
    tokens.push_back(test_boundary);
    tokens.insert(tokens.end(), document.begin(), document.end());
  }
  return tokens;
}

struct TestDataset {
  std::int64_t vocabulary = test_vocabulary;
  std::int64_t shard_bytes = std::int64_t{256} << 20;
  std::int64_t stated_vocabulary = vocabulary;  // a lie, if it differs
};

// The same documents in both splits.
inline void write_dataset(const std::filesystem::path& folder,
                          const std::vector<std::vector<std::int32_t>>& documents,
                          const TestDataset& dataset = {}) {
  std::filesystem::create_directory(folder);
  nlohmann::json meta = {{"tokenizer",
                          {{"kind", "bytes"},
                           {"vocabulary", dataset.stated_vocabulary},
                           {"boundary", test_boundary},
                           {"hash", make_byte_tokenizer()->hash()}}}};
  std::vector<FileEntry> files;
  for (const char* split : {"train", "validation"}) {
    TokenWriter writer(folder, split, dataset.vocabulary, dataset.shard_bytes);
    for (const auto& document : documents) writer.add_document(test_boundary, document);
    TokenWriter::Split written = writer.finish();
    meta["splits"][split] = written.summary;
    for (FileEntry& file : written.files) files.push_back(std::move(file));
  }
  const auto alone = make_single_comm();
  commit_folder(folder, dataset_kind, dataset_version, files, meta, *alone);
}

}  // namespace switchyard
