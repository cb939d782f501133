// Verifier: whether two documents that share a key are the same, by their texts.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "io/files/file.h"
#include "io/prepare/stages/independent_set.h"
#include "io/prepare/store/earlier_documents.h"
#include "io/prepare/work/order.h"
#include "io/prepare/work/spilled_documents.h"

namespace switchyard::prepare {

class Verifier {
 public:
  // cache_bytes: of shingle sets to keep.
  Verifier(const Job& job, const Order& order, SpilledDocuments& documents,
           const EarlierDocuments& earlier, std::int64_t cache_bytes);

  // As IndependentSetTask::verify wants it: equal normalised text, else equal URL, else a Jaccard
  // of at least the threshold.
  std::vector<Removal> operator()(const std::vector<DocumentPair>& pairs);

 private:
  struct Facts {
    ContentHash normalized_hash;
    std::uint64_t url_key = 0;
    std::optional<Locator> at;            // of this generation's documents: where the text is
    std::vector<std::uint64_t> shingles;  // valid if has_shingles
    bool has_shingles = false;
  };
  struct Cached {
    std::int64_t number;
    Facts facts;
  };

  Facts& facts(std::int64_t number);
  Facts look_up(std::int64_t number) const;
  const std::vector<std::uint64_t>& shingles(Facts& facts);
  std::optional<Removal> compare(const DocumentPair& pair);
  static std::int64_t bytes_of(const Cached& entry);
  void trim();

  const DedupConfig& dedup_;
  const EarlierDocuments& earlier_;
  SpilledDocuments& documents_;
  durable::File locators_;
  std::int64_t cache_bytes_, cached_bytes_ = 0;
  std::list<Cached> cache_;  // the last used first
  std::unordered_map<std::int64_t, std::list<Cached>::iterator> places_;
};

}  // namespace switchyard::prepare
