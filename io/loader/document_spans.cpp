#include "io/loader/document_spans.h"

#include <algorithm>
#include <utility>

#include "io/folder/chunk_reader.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// In the order of ShardDocuments's datasets; the prompts only where a document has one.
std::vector<FileExtent> extents_of(const std::filesystem::path& folder, const FileEntry& entry) {
  std::vector<FileExtent> extents{
      {folder / entry.name, find_extent(entry, "document_offsets", "i64")},
      {folder / entry.name, find_extent(entry, "document_sources", "u16")}};
  if (has_extent(entry, "document_prompts"))
    extents.push_back({folder / entry.name, find_extent(entry, "document_prompts", "i32")});
  return extents;
}

// The documents of one shard.
class ShardDocuments {
 public:
  ShardDocuments(const std::filesystem::path& folder, const FileEntry& entry)
      : extents_(extents_of(folder, entry)), reader_(extents_) {
    require(!has_prompts() || rows_of(extents_[prompts].extent) == size(), Exit::data,
            "{} has {} documents and {} prompts", name(), size(), rows_of(extents_.back().extent));
    require(rows_of(extents_[offsets].extent) == size() + 1, Exit::data,
            "{} has {} documents and {} offsets", name(), size(),
            rows_of(extents_[offsets].extent));
  }

  std::int64_t size() const { return rows_of(extents_[sources].extent); }
  std::int64_t offset(std::int64_t i) { return reader_.value<std::int64_t>(offsets, i); }
  std::int32_t source(std::int64_t i) { return reader_.value<std::uint16_t>(sources, i); }
  std::int64_t prompt(std::int64_t i) {
    return has_prompts() ? reader_.value<std::int32_t>(prompts, i) : 0;
  }
  std::string name() const { return extents_.front().file.string(); }

 private:
  enum : std::int64_t { offsets, sources, prompts };

  bool has_prompts() const { return std::ssize(extents_) > prompts; }

  std::vector<FileExtent> extents_;
  ChunkReader reader_;
};

}  // namespace

DocumentSpans::DocumentSpans(const TokenStore& store, const std::string& split)
    : folder_(store.dataset() / tokens_folder) {
  Manifest manifest = open_folder(folder_, tokens_kind, tokens_version);
  const std::int64_t width = store.vocabulary() <= 65536 ? 2 : 4;
  std::int64_t first_token = 0, num_documents = 0;
  for (const auto& [path, tokens] : store.shards(split)) {
    const auto entry = std::find_if(
        manifest.files.begin(), manifest.files.end(),
        [&, name = path.filename().string()](const FileEntry& file) { return file.name == name; });
    require(entry != manifest.files.end(), Exit::data, "{} is no longer part of the dataset",
            path.string());
    Shard shard{std::move(*entry), first_token, tokens.bytes / width, {}};
    shard.has_source.resize(store.sources().size());
    ShardDocuments documents(folder_, shard.entry);
    for (std::int64_t i = 0; i < documents.size(); ++i) {
      const auto source = static_cast<std::size_t>(documents.source(i));
      require(source < shard.has_source.size(), Exit::data,
              "{} says that document {} is of source {}, and there are {}", documents.name(), i,
              source, shard.has_source.size());
      shard.has_source[source] = true;
    }
    first_token += shard.num_tokens;
    num_documents += documents.size();
    shards_.push_back(std::move(shard));
  }
  require(num_documents == store.num_documents(split), Exit::data,
          "{} states {} documents of {}, and has {}", folder_.string(), store.num_documents(split),
          split, num_documents);
}

void DocumentSpans::for_each_of(std::int32_t source,
                                const std::function<void(const Piece&)>& take) const {
  for (const Shard& shard : shards_) {
    if (!shard.has_source[static_cast<std::size_t>(source)]) continue;
    ShardDocuments documents(folder_, shard.entry);
    std::int64_t begin = documents.offset(0);
    const std::int64_t last = documents.offset(documents.size());
    require(begin == 0 && last == shard.num_tokens, Exit::data,
            "the documents of {} reach from token {} to {}, and it has {}", documents.name(), begin,
            last, shard.num_tokens);
    for (std::int64_t i = 0; i < documents.size(); ++i) {
      const std::int64_t end = documents.offset(i + 1);
      require(end > begin && end <= shard.num_tokens, Exit::data,
              "{} says that document {} reaches from token {} to {}", documents.name(), i, begin,
              end);
      if (documents.source(i) == source) {
        const std::int64_t prompt = documents.prompt(i);
        require(prompt >= 0 && prompt < end - begin, Exit::data,
                "{} says that document {} of {} tokens has a prompt of {}", documents.name(), i,
                end - begin, prompt);
        take({shard.first_token + begin, end - begin, prompt});
      }
      begin = end;
    }
  }
}

}  // namespace switchyard
