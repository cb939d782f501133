#include "io/prepare/store/kept_lookup.h"

#include "io/folder/committed_folder.h"

namespace switchyard::prepare {
namespace {

// The place of the document in a shard, whose hashes ascend.
std::optional<std::int64_t> find(const KeptShard& shard, ContentHash hash) {
  std::int64_t begin = 0, end = shard.size();
  while (begin < end) {
    const std::int64_t middle = begin + (end - begin) / 2;
    if (shard.hash(middle) < hash) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (begin == shard.size() || shard.hash(begin) != hash) return std::nullopt;
  return begin;
}

}  // namespace

KeptLookup::KeptLookup(const std::filesystem::path& dataset) {
  if (is_committed(dataset / documents_folder)) store_.emplace(dataset);
}

nlohmann::ordered_json KeptLookup::describe(ContentHash hash, std::int32_t source) const {
  nlohmann::ordered_json found;
  if (store_) {
    const Source named = store_->source(source);
    for (const KeptShard& shard : store_->kept) {
      if (shard.size() == 0 || shard.source(0) != source) continue;
      const auto place = find(shard, hash);
      if (!place) continue;
      found["id"] = shard.id(*place);
      break;
    }
    found["source"] = named.name;
    found["licence"] = named.licence;
  }
  found["hash"] = hash.hex();
  return found;
}

}  // namespace switchyard::prepare
