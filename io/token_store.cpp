#include "io/token_store.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "io/committed_folder.h"
#include "io/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

std::int32_t token_at(const std::byte* tokens, std::int64_t width, std::int64_t i) {
  std::uint32_t token = 0;
  std::memcpy(&token, tokens + i * width, static_cast<std::size_t>(width));
  return static_cast<std::int32_t>(token);
}

// One file's tokens. Bytes are read where they lie; a chunk is checked as a whole when its first
// byte is asked for.
class Shard {
 public:
  Shard(const std::filesystem::path& folder, const FileEntry& entry, std::int64_t first,
        std::int64_t vocabulary)
      : first_(first),
        vocabulary_(vocabulary),
        extent_(find_tokens(entry)),
        width_(element_bytes(extent_.dtype)),
        file_(durable::File::open_for_reading(folder / entry.name)),
        checked_(static_cast<std::size_t>(num_chunks(extent_)), false) {}

  std::int64_t first() const { return first_; }  // which token of the split it starts with
  std::int64_t end() const { return first_ + extent_.bytes / width_; }

  void read(std::int64_t begin, std::span<std::int32_t> out) {
    const std::int64_t offset = (begin - first_) * width_;
    const std::int64_t bytes = std::ssize(out) * width_;
    for (std::int64_t chunk = offset / extent_.chunk_bytes;
         chunk * extent_.chunk_bytes < offset + bytes; ++chunk) {
      if (!checked_[static_cast<std::size_t>(chunk)]) check(chunk);
    }
    const std::span<std::byte> raw = scratch(bytes);
    if (file_.read_at(extent_.offset + offset, raw) != bytes) {
      fail(Exit::data, "{} is truncated", file_.path().string());
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = token_at(raw.data(), width_, static_cast<std::int64_t>(i));
    }
  }

 private:
  static const Extent& find_tokens(const FileEntry& entry) {
    const auto found = std::find_if(entry.extents.begin(), entry.extents.end(),
                                    [](const Extent& extent) { return extent.name == "tokens"; });
    require(found != entry.extents.end(), Exit::data, "{} has no dataset 'tokens'", entry.name);
    const bool readable = (found->dtype == "u16" || found->dtype == "u32") &&
                          found->shape.size() == 1 &&
                          found->chunk_bytes % element_bytes(found->dtype) == 0;
    require(readable, Exit::data, "'tokens' of {} are not a list of u16 or u32", entry.name);
    return *found;
  }

  std::span<std::byte> scratch(std::int64_t bytes) {
    if (std::ssize(scratch_) < bytes) scratch_.resize(static_cast<std::size_t>(bytes));
    return std::span(scratch_).first(static_cast<std::size_t>(bytes));
  }

  void check(std::int64_t chunk) {
    const std::span<std::byte> raw = scratch(bytes_of_chunk(extent_, chunk));
    read_chunk(file_, extent_, chunk, raw);
    for (std::int64_t i = 0; i < std::ssize(raw) / width_; ++i) {
      const std::int32_t token = token_at(raw.data(), width_, i);
      if (token >= 0 && token < vocabulary_) continue;
      fail(Exit::data, "{} holds token {} in chunk {}, and its vocabulary has {} ids",
           file_.path().string(), static_cast<std::uint32_t>(token), chunk, vocabulary_);
    }
    checked_[static_cast<std::size_t>(chunk)] = true;
  }

  std::int64_t first_;
  std::int64_t vocabulary_;
  Extent extent_;
  std::int64_t width_;
  durable::File file_;
  std::vector<bool> checked_;
  std::vector<std::byte> scratch_;
};

struct Split {
  std::int64_t num_tokens = 0;
  std::int64_t num_documents = 0;
  std::vector<Shard> shards;
};

}  // namespace

struct TokenStore::State {
  std::filesystem::path folder;
  nlohmann::json meta;
  std::string tokenizer_kind, tokenizer_hash;
  std::int64_t vocabulary = 0;
  std::int32_t boundary = 0;
  std::map<std::string, Split> splits;

  explicit State(const std::filesystem::path& path) : folder(path) {
    Manifest manifest = open_folder(folder, dataset_kind, dataset_version);
    meta = std::move(manifest.meta);
    try {
      read_tokenizer(meta.at("tokenizer"));
      for (const auto& [name, summary] : meta.at("splits").items()) {
        splits.emplace(name, open_split(name, summary, manifest.files));
      }
    } catch (const nlohmann::json::exception& error) {
      fail(Exit::data, "{} is not a dataset's manifest: {}", (folder / manifest_name).string(),
           error.what());
    }
  }

  void read_tokenizer(const nlohmann::json& entry) {
    tokenizer_kind = entry.at("kind").get<std::string>();
    tokenizer_hash = entry.at("hash").get<std::string>();
    vocabulary = entry.at("vocabulary").get<std::int64_t>();
    boundary = entry.at("boundary").get<std::int32_t>();
    require(vocabulary > 0 && vocabulary <= (std::int64_t{1} << 31) && boundary >= 0 &&
                boundary < vocabulary,
            Exit::data, "{} has a vocabulary of {} with boundary token {}", folder.string(),
            vocabulary, boundary);
  }

  Split open_split(const std::string& name, const nlohmann::json& summary,
                   const std::vector<FileEntry>& files) const {
    Split split;
    for (const auto& shard : summary.at("shards")) {
      const auto file_name = shard.get<std::string>();
      const auto file = std::find_if(files.begin(), files.end(), [&](const FileEntry& entry) {
        return entry.name == file_name;
      });
      require(file != files.end(), Exit::data, "{} has no file '{}', which its split {} names",
              folder.string(), file_name, name);
      split.shards.emplace_back(folder, *file, split.num_tokens, vocabulary);
      split.num_tokens = split.shards.back().end();
    }
    split.num_documents = summary.at("documents").get<std::int64_t>();
    const auto stated = summary.at("tokens").get<std::int64_t>();
    require(stated == split.num_tokens, Exit::data, "{} states {} tokens of {}, and has {}",
            folder.string(), stated, name, split.num_tokens);
    return split;
  }

  Split& split(const std::string& name) {
    const auto found = splits.find(name);
    require(found != splits.end(), Exit::data, "{} has no split '{}'", folder.string(), name);
    return found->second;
  }
};

TokenStore::TokenStore(const std::filesystem::path& folder)
    : state_(std::make_unique<State>(folder)) {}
TokenStore::~TokenStore() = default;
TokenStore::TokenStore(TokenStore&&) noexcept = default;

std::int64_t TokenStore::vocabulary() const { return state_->vocabulary; }
std::int32_t TokenStore::boundary_token() const { return state_->boundary; }
const std::string& TokenStore::tokenizer_hash() const { return state_->tokenizer_hash; }
const nlohmann::json& TokenStore::manifest() const { return state_->meta; }

std::int64_t TokenStore::num_tokens(const std::string& split) const {
  return state_->split(split).num_tokens;
}

std::int64_t TokenStore::num_documents(const std::string& split) const {
  return state_->split(split).num_documents;
}

std::unique_ptr<Tokenizer> TokenStore::tokenizer() const {
  constexpr std::int64_t largest_model = std::int64_t{1} << 30;
  const std::filesystem::path file = state_->folder / tokenizer_file;
  const bool has_model = state_->tokenizer_kind == "sentencepiece";
  auto tokenizer = make_tokenizer(state_->tokenizer_kind,
                                  has_model ? durable::read_file(file, largest_model) : "");
  require(tokenizer->hash() == state_->tokenizer_hash, Exit::data,
          "the tokenizer in {} is not the one that made its tokens", state_->folder.string());
  return tokenizer;
}

void TokenStore::read(const std::string& split, std::int64_t begin, std::span<std::int32_t> out) {
  Split& source = state_->split(split);
  require(begin >= 0 && begin + std::ssize(out) <= source.num_tokens,
          "tokens {} to {} of {}, which has {}", begin, begin + std::ssize(out), split,
          source.num_tokens);
  for (Shard& shard : source.shards) {
    const std::int64_t first = std::max(begin, shard.first());
    const std::int64_t last = std::min(begin + std::ssize(out), shard.end());
    if (first >= last) continue;
    shard.read(first, out.subspan(static_cast<std::size_t>(first - begin),
                                  static_cast<std::size_t>(last - first)));
  }
}

}  // namespace switchyard
