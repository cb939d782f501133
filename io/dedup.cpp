#include "io/dedup.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "io/unicode.h"

namespace switchyard {
namespace {

constexpr std::size_t num_examples = 20;

ContentHash hash_of_all(std::vector<ContentHash> hashes) {
  std::sort(hashes.begin(), hashes.end());
  return content_hash(
      {reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof(ContentHash)});
}

}  // namespace

bool canonical_before(const Document& a, const Document& b) {
  return std::tie(a.hash, a.id) < std::tie(b.hash, b.id);
}

void ExactDedup::add(Document&& document) {
  const auto [place, is_new] =
      group_of_.try_emplace(content_hash(normalized(document.text)), kept_.size());
  const std::size_t group = place->second;
  if (is_new) {
    kept_.push_back(std::move(document));
    return;
  }
  if (canonical_before(document, kept_[group])) std::swap(document, kept_[group]);
  removed_.push_back({document.hash, std::move(document.id), group});
}

ExactDedup::Result ExactDedup::finish() && {
  std::sort(removed_.begin(), removed_.end(), [](const Removed& a, const Removed& b) {
    return std::tie(a.hash, a.id) < std::tie(b.hash, b.id);
  });
  nlohmann::json examples = nlohmann::json::array();
  for (std::size_t i = 0; i < std::min(removed_.size(), num_examples); ++i) {
    examples.push_back({{"removed", removed_[i].id}, {"kept", kept_[removed_[i].group].id}});
  }
  std::vector<ContentHash> hashes;
  hashes.reserve(kept_.size() + removed_.size());
  for (const Document& document : kept_) hashes.push_back(document.hash);
  for (const Removed& removed : removed_) hashes.push_back(removed.hash);

  Result result;
  result.report = {{"in", hashes.size()},
                   {"out", kept_.size()},
                   {"removed", removed_.size()},
                   {"examples", std::move(examples)}};
  result.documents_hash = hash_of_all(std::move(hashes));
  result.kept = std::move(kept_);
  std::sort(result.kept.begin(), result.kept.end(), canonical_before);
  return result;
}

}  // namespace switchyard
