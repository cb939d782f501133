#include "io/tokens/token_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Split {
  std::int64_t num_tokens = 0;
  std::int64_t num_documents = 0;
  std::vector<SourceCounts> source_counts;
  std::vector<FileExtent> shards;
};

Manifest open_tokens(const fs::path& dataset) {
  require(!is_committed(dataset), Exit::data,
          "{} holds a dataset of an older Switchyard: run `switchyard prepare` again",
          dataset.string());
  const fs::path folder = dataset / tokens_folder;
  require(is_committed(folder), Exit::data,
          "{} is not a dataset: it has no {}/{}; make one with `switchyard prepare`",
          dataset.string(), tokens_folder, manifest_name);
  return open_folder(folder, tokens_kind, tokens_version);
}

const FileEntry& find_file(const std::vector<FileEntry>& files, const std::string& name,
                           const std::string& split) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const FileEntry& entry) { return entry.name == name; });
  require(found != files.end(), Exit::data, "there is no file '{}', which its split {} names", name,
          split);
  return *found;
}

const Extent& find_tokens(const FileEntry& entry, const std::string& dtype) {
  const Extent& tokens = find_extent(entry, "tokens", dtype);
  require(tokens.chunk_bytes % element_bytes(dtype) == 0, Exit::data,
          "'tokens' of {} are in chunks of {} bytes, which end within a token", entry.name,
          tokens.chunk_bytes);
  return tokens;
}

// Of a split's summary.
std::vector<SourceCounts> read_source_counts(const json& summary, std::size_t num_sources) {
  std::vector<SourceCounts> counts;
  if (!summary.contains("sources")) return counts;
  for (const json& source : summary.at("sources")) {
    counts.push_back({source.at("tokens").get<std::int64_t>(),
                      source.at("documents").get<std::int64_t>(),
                      source.at("text_bytes").get<std::int64_t>()});
    const auto& [tokens, documents, text_bytes] = counts.back();
    require(tokens >= 0 && documents >= 0 && text_bytes >= 0, Exit::data,
            "it states {} tokens, {} documents and {} bytes of a source", tokens, documents,
            text_bytes);
  }
  require(counts.size() <= num_sources, Exit::data, "it counts {} sources of {}", counts.size(),
          num_sources);
  counts.resize(num_sources);  // the last ones may have no documents
  return counts;
}

void add_hashes(Hasher& hasher, const FileEntry& entry) {
  for (const Extent& extent : entry.extents) {
    for (const ContentHash& hash : extent.chunk_hashes) hasher.add(hash.hex().data(), 32);
  }
}

}  // namespace

struct TokenStore::State {
  fs::path dataset;
  json meta;
  std::string tokenizer_kind, tokenizer_hash, hash;
  std::int64_t vocabulary = 0;
  std::int32_t boundary = 0;
  std::vector<std::string> sources;
  std::map<std::string, Split> splits;

  explicit State(const fs::path& path) : dataset(path) {
    Manifest manifest = open_tokens(dataset);
    meta = std::move(manifest.meta);
    try {
      read_tokenizer(meta.at("tokenizer"));
      for (const json& source : meta.at("sources")) {
        sources.push_back(source.at("name").get<std::string>());
      }
      read_splits(meta.at("splits"), manifest.files);
    } catch (const json::exception& error) {
      fail(Exit::data, "{} is not a dataset's manifest: {}", manifest_file().string(),
           error.what());
    } catch (const Error& error) {
      fail(error.code(), "cannot use {}: {}", manifest_file().string(), error.what());
    }
  }

  fs::path manifest_file() const { return dataset / tokens_folder / manifest_name; }

  void read_tokenizer(const json& entry) {
    tokenizer_kind = entry.at("kind").get<std::string>();
    tokenizer_hash = entry.at("hash").get<std::string>();
    vocabulary = entry.at("vocabulary").get<std::int64_t>();
    boundary = entry.at("boundary").get<std::int32_t>();
    require(vocabulary > 0 && vocabulary <= (std::int64_t{1} << 31) && boundary >= 0 &&
                boundary < vocabulary,
            Exit::data, "it has a vocabulary of {} with boundary token {}", vocabulary, boundary);
  }

  void read_splits(const json& summaries, const std::vector<FileEntry>& files) {
    Hasher hasher;
    for (const std::string& source : sources) hasher.add(source.c_str(), std::ssize(source) + 1);
    for (const auto& [name, summary] : summaries.items()) {
      hasher.add(name.c_str(), std::ssize(name) + 1);
      splits.emplace(name, read_split(name, summary, files, hasher));
    }
    hash = hasher.hex();
  }

  Split read_split(const std::string& name, const json& summary,
                   const std::vector<FileEntry>& files, Hasher& hasher) const {
    const std::string dtype = vocabulary <= 65536 ? "u16" : "u32";
    Split split;
    for (const json& shard : summary.at("shards")) {
      const FileEntry& entry = find_file(files, shard.get<std::string>(), name);
      const Extent& tokens = find_tokens(entry, dtype);
      split.shards.push_back({dataset / tokens_folder / entry.name, tokens});
      split.num_tokens += tokens.bytes / element_bytes(dtype);
      add_hashes(hasher, entry);
    }
    split.num_documents = summary.at("documents").get<std::int64_t>();
    split.source_counts = read_source_counts(summary, sources.size());
    const auto stated = summary.at("tokens").get<std::int64_t>();
    require(stated == split.num_tokens, Exit::data, "it states {} tokens of {}, and has {}", stated,
            name, split.num_tokens);
    return split;
  }

  const Split& split(const std::string& name) const {
    const auto found = splits.find(name);
    require(found != splits.end(), Exit::data, "{} has no split '{}'", dataset.string(), name);
    return found->second;
  }
};

TokenStore::TokenStore(const fs::path& dataset) : state_(std::make_shared<State>(dataset)) {}

const fs::path& TokenStore::dataset() const { return state_->dataset; }
std::int64_t TokenStore::vocabulary() const { return state_->vocabulary; }
std::int32_t TokenStore::boundary_token() const { return state_->boundary; }
const std::string& TokenStore::tokenizer_hash() const { return state_->tokenizer_hash; }
const std::vector<std::string>& TokenStore::sources() const { return state_->sources; }
const json& TokenStore::manifest() const { return state_->meta; }
const std::string& TokenStore::hash() const { return state_->hash; }

bool TokenStore::has_split(const std::string& split) const {
  return state_->splits.contains(split);
}

std::int64_t TokenStore::num_tokens(const std::string& split) const {
  return state_->split(split).num_tokens;
}

std::int64_t TokenStore::num_documents(const std::string& split) const {
  return state_->split(split).num_documents;
}

const std::vector<SourceCounts>& TokenStore::source_counts(const std::string& split) const {
  return state_->split(split).source_counts;
}

std::optional<std::int64_t> TokenStore::num_text_bytes(const std::string& split) const {
  const Split& found = state_->split(split);
  if (found.source_counts.empty()) {
    if (state_->tokenizer_kind != "bytes") return std::nullopt;
    return found.num_tokens - found.num_documents;  // without the boundaries
  }
  std::int64_t bytes = 0;
  for (const SourceCounts& source : found.source_counts) bytes += source.text_bytes;
  return bytes;
}

std::span<const FileExtent> TokenStore::shards(const std::string& split) const {
  return state_->split(split).shards;
}

std::unique_ptr<Tokenizer> TokenStore::tokenizer() const {
  constexpr std::int64_t largest_model = std::int64_t{1} << 30;
  const fs::path file = state_->dataset / tokens_folder / tokenizer_file(state_->tokenizer_hash);
  const bool has_model = is_kept_as_file(state_->tokenizer_kind);
  auto tokenizer = make_tokenizer(state_->tokenizer_kind,
                                  has_model ? durable::read_file(file, largest_model) : "");
  require(tokenizer->hash() == state_->tokenizer_hash, Exit::data,
          "the tokenizer in {} is not the one that made its tokens", state_->dataset.string());
  return tokenizer;
}

}  // namespace switchyard
