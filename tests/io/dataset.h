// For tests of readers: small datasets made by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/folder/committed_folder.h"
#include "io/tokens/token_store.h"
#include "io/tokens/token_writer.h"

namespace switchyard {

inline constexpr std::int64_t test_vocabulary = 257;
inline constexpr std::int32_t test_boundary = 256;

using TestDocuments = std::vector<std::vector<std::int32_t>>;

// `num_documents` documents whose tokens count up from their number; lengths 0 to 36.
inline TestDocuments test_documents(int num_documents) {
  TestDocuments documents(static_cast<std::size_t>(num_documents));
  for (int i = 0; i < num_documents; ++i) {
    for (int j = 0; j < i * 7 % 37; ++j)
      documents[static_cast<std::size_t>(i)].push_back((i + j) % 256);
  }
  return documents;
}

// The tokens of a split as one stream.
inline std::vector<std::int32_t> stream_of(const TestDocuments& documents) {
  std::vector<std::int32_t> tokens;
  for (const auto& document : documents) {
    tokens.push_back(test_boundary);
    tokens.insert(tokens.end(), document.begin(), document.end());
  }
  return tokens;
}

struct TestDataset {
  std::int64_t vocabulary = test_vocabulary;
  std::int64_t shard_tokens = std::int64_t{1} << 40;  // a shard ends when it has as many
  std::int64_t stated_vocabulary = vocabulary;        // a lie, if it differs
  std::vector<std::string> sources{"text"};           // document i is of source i mod sources
  std::vector<std::int32_t> prompts{};                // tokens of a document's prompt; 0 for others
};

// One split as shards; adds their files. Returns what the manifest says about it.
inline nlohmann::json write_split(const std::filesystem::path& folder, const std::string& split,
                                  const TestDocuments& documents, const TestDataset& dataset,
                                  std::vector<FileEntry>& files) {
  std::int64_t num_tokens = 0;
  nlohmann::json shards = nlohmann::json::array();
  for (std::size_t i = 0; i < documents.size();) {
    TokenWriter writer(folder, split + "-" + std::to_string(shards.size()), dataset.vocabulary);
    for (; i < documents.size() && writer.num_tokens() < dataset.shard_tokens; ++i) {
      const auto source = static_cast<std::int32_t>(i % dataset.sources.size());
      const std::int32_t prompt = i < dataset.prompts.size() ? dataset.prompts[i] : 0;
      writer.add_document(test_boundary, documents[i], source, {i, i}, prompt);
    }
    num_tokens += writer.num_tokens();
    files.push_back(writer.finish());
    shards.push_back(files.back().name);
  }
  return {{"tokens", num_tokens}, {"documents", documents.size()}, {"shards", std::move(shards)}};
}

// The same documents in both splits.
inline void write_dataset(const std::filesystem::path& dataset_folder,
                          const TestDocuments& documents, const TestDataset& dataset = {}) {
  const std::filesystem::path folder = dataset_folder / tokens_folder;
  std::filesystem::create_directories(folder);
  nlohmann::json meta = {{"tokenizer",
                          {{"kind", "bytes"},
                           {"vocabulary", dataset.stated_vocabulary},
                           {"boundary", test_boundary},
                           {"hash", make_byte_tokenizer()->hash()}}}};
  for (const std::string& source : dataset.sources) {
    meta["sources"].push_back({{"name", source}, {"licence", "unknown"}});
  }
  std::vector<FileEntry> files;
  for (const char* split : {"train", "validation"}) {
    meta["splits"][split] = write_split(folder, split, documents, dataset, files);
  }
  const auto alone = make_single_comm();
  commit_folder(folder, tokens_kind, tokens_version, files, meta, *alone);
}

}  // namespace switchyard
