#include "io/prepare/store/earlier_documents.h"

#include <algorithm>
#include <bit>

#include "runtime/error.h"

namespace switchyard::prepare {

EarlierDocuments::EarlierDocuments(const std::filesystem::path& dataset) : store_(dataset) {
  for (const KeptShard& shard : store_->kept) {
    first_of_shard_.push_back(count_);
    count_ += shard.size();
  }
  std::int64_t first = 0;
  for (const auto& generation : store_->manifest.meta.at("generations")) {
    Index& index = indexes_.emplace_back();
    index.first_document = first;
    first += generation.at("kept").get<std::int64_t>();
    for (const auto& name : generation.at("index")) {
      const auto& files = store_->manifest.files;
      const auto found = std::find_if(files.begin(), files.end(), [&](const FileEntry& file) {
        return file.name == name.get<std::string>();
      });
      require(found != files.end(), Exit::data, "{} has no file '{}', which its index names",
              store_->folder.string(), name.get<std::string>());
      index.files.emplace_back(store_->folder, *found);
    }
    require(std::has_single_bit(index.files.size()), Exit::data,
            "the index of a generation in {} has {} files, not a power of two",
            store_->folder.string(), index.files.size());
    index.key_bits = std::countr_zero(index.files.size());
  }
}

void EarlierDocuments::find(std::uint64_t key, const std::function<void(std::int64_t)>& found) {
  for (Index& index : indexes_) {
    const std::uint64_t file = index.key_bits == 0 ? 0 : key >> (64 - index.key_bits);
    index.files[file].find(key,
                           [&](std::uint32_t document) { found(index.first_document + document); });
  }
}

KeptDocument EarlierDocuments::document(std::int64_t number) const {
  const auto next = std::upper_bound(first_of_shard_.begin(), first_of_shard_.end(), number);
  const auto shard = static_cast<std::size_t>(next - first_of_shard_.begin()) - 1;
  return store_->kept[shard].document(number - first_of_shard_[shard]);
}

}  // namespace switchyard::prepare
