#include "io/loader/split_documents.h"

#include <algorithm>
#include <span>

#include "io/folder/committed_folder.h"
#include "io/loader/document_spans.h"
#include "runtime/error.h"

namespace switchyard {

SplitDocuments::SplitDocuments(const TokenStore& store, const std::string& split)
    : reader_(store, split) {
  const DocumentSpans spans(store, split);
  for (std::int32_t source = 0; source < std::ssize(store.sources()); ++source) {
    spans.for_each_of(source, [&](const Piece& piece) { documents_.push_back({piece, source}); });
  }
  std::ranges::sort(documents_, {}, [](const Document& one) { return one.piece.start; });
  read_hashes(store, split);
}

// The shards' lists, one after the other, are in the order of the stream.
void SplitDocuments::read_hashes(const TokenStore& store, const std::string& split) {
  const std::filesystem::path folder = store.dataset() / tokens_folder;
  const Manifest manifest = open_folder(folder, tokens_kind, tokens_version);
  std::size_t next = 0;
  for (const FileExtent& shard : store.shards(split)) {
    const std::string name = shard.file.filename().string();
    const auto entry = std::ranges::find(manifest.files, name, &FileEntry::name);
    require(entry != manifest.files.end(), Exit::data, "{} is no longer part of the dataset",
            shard.file.string());
    const Extent& extent = find_extent(*entry, "document_hashes", "u64", 2);
    std::vector<std::uint64_t> words(static_cast<std::size_t>(2 * rows_of(extent)));
    read_extent(folder, *entry, extent, 0, std::as_writable_bytes(std::span(words)));
    require(next + words.size() / 2 <= documents_.size(), Exit::data,
            "{} has more hashes than documents", shard.file.string());
    for (std::size_t i = 0; i < words.size(); i += 2)
      documents_[next++].hash = {words[i], words[i + 1]};
  }
}

std::optional<std::int64_t> SplitDocuments::find(ContentHash hash) const {
  const auto found = std::ranges::find(documents_, hash, &Document::hash);
  if (found == documents_.end()) return std::nullopt;
  return found - documents_.begin();
}

std::int64_t SplitDocuments::document_at(std::int64_t token) const {
  const auto after = std::ranges::upper_bound(documents_, token, {},
                                              [](const Document& one) { return one.piece.start; });
  return after - documents_.begin() - 1;
}

std::vector<std::int32_t> SplitDocuments::tokens(std::int64_t document, std::int64_t most) {
  const Piece& found = piece(document);
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(std::min(found.length, most)));
  reader_.read(found.start, tokens);
  return tokens;
}

}  // namespace switchyard
