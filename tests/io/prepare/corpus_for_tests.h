// For tests of `prepare`: made-up corpora, a folder that all ranks share, and the definition of the
// kept set written down plainly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/prepare/prepare.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/words/shingles.h"
#include "io/text/unicode.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard::prepare {

// A folder of rank 0's that every rank names alike.
class SharedFolder {
 public:
  SharedFolder() : path_(broadcast_text(test_world(), mine().string(), 0)) {}
  ~SharedFolder() { test_world().barrier(); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path mine() const { return scratch_ / ""; }
  Scratch scratch_;
  std::filesystem::path path_;
};

// Numbers that look random and are the same everywhere.
class TestNumbers {
 public:
  explicit TestNumbers(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_;
};

struct TestDocument {
  std::string text, id, url;
};

inline std::string test_words(TestNumbers& numbers, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? " w" : "w") + std::to_string(numbers.below(5000));
  return text;
}

// Families of documents, each a copy of the one before with some words changed: exact copies, near
// ones on both sides of the threshold, chains, and documents too short for a shingle.
inline std::vector<TestDocument> test_corpus(int num_families, std::uint64_t seed) {
  TestNumbers numbers(seed);
  std::vector<TestDocument> documents;
  for (int family = 0; family < num_families; ++family) {
    std::vector<std::string> words;
    const int length = 3 + static_cast<int>(numbers.below(60));
    for (int i = 0; i < length; ++i) words.push_back("w" + std::to_string(numbers.below(5000)));
    const auto members = 1 + numbers.below(6);
    for (std::uint64_t member = 0; member < members; ++member) {
      std::string text;
      for (const std::string& word : words) text += word + " ";
      TestDocument& document = documents.emplace_back();
      document.text = text;
      document.id = std::to_string(documents.size());
      if (numbers.below(4) == 0) document.url = "http://h/" + std::to_string(numbers.below(40));
      for (auto changes = numbers.below(4); changes > 0; --changes) {
        words[numbers.below(words.size())] = "v" + std::to_string(numbers.below(5000));
      }
    }
  }
  return documents;
}

inline std::string json_lines(const std::vector<TestDocument>& documents) {
  std::string lines;
  for (const TestDocument& document : documents) {
    nlohmann::json line = {{"text", document.text}, {"id", document.id}};
    if (!document.url.empty()) line["url"] = document.url;
    lines += line.dump() + "\n";
  }
  return lines;
}

// The ids that stay, by the definition in io/prepare/prepare.h, one document after the other.
inline std::vector<std::string> ids_by_definition(std::vector<TestDocument> documents,
                                                  const MinHashConfig& minhash = {}) {
  std::sort(documents.begin(), documents.end(), [](const auto& a, const auto& b) {
    return std::pair(content_hash(a.text), a.id) < std::pair(content_hash(b.text), b.id);
  });
  struct Kept {
    const TestDocument* document;
    std::string text;
    std::vector<std::uint64_t> shingles, keys;
  };
  const MinHasher hasher(minhash);
  std::vector<Kept> kept;
  for (const TestDocument& document : documents) {
    Kept mine{&document, normalized(document.text), shingles_of(document.text), {}};
    mine.keys.resize(mine.shingles.empty() ? 0 : static_cast<std::size_t>(minhash.bands));
    if (!mine.shingles.empty()) hasher.band_keys(mine.shingles, mine.keys);
    const bool goes = std::any_of(kept.begin(), kept.end(), [&](const Kept& other) {
      if (other.text == mine.text) return true;
      if (!document.url.empty() && other.document->url == document.url) return true;
      bool shares = false;
      for (std::size_t i = 0; i < mine.keys.size() && !other.keys.empty(); ++i) {
        shares = shares || mine.keys[i] == other.keys[i];
      }
      return shares && jaccard(other.shingles, mine.shingles) >= minhash.threshold;
    });
    if (!goes) kept.push_back(std::move(mine));
  }
  std::vector<std::string> ids;
  for (const Kept& one : kept) ids.push_back(one.document->id);
  return ids;
}

// In the store's order.
inline std::vector<KeptDocument> kept_documents(const std::filesystem::path& dataset) {
  const DocumentStore store(dataset);
  std::vector<KeptDocument> documents;
  for (const KeptShard& shard : store.kept) {
    for (std::int64_t i = 0; i < shard.size(); ++i) documents.push_back(shard.document(i));
  }
  return documents;
}

inline std::vector<std::string> ids_of(const std::vector<KeptDocument>& documents) {
  std::vector<std::string> ids;
  for (const KeptDocument& document : documents) ids.push_back(document.id);
  return ids;
}

// Every file below a folder, by its name within it.
inline std::map<std::string, std::string> bytes_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[std::filesystem::relative(entry.path(), folder)] = contents_of(entry.path());
  }
  return files;
}

}  // namespace switchyard::prepare
