// The documents that stay: the lexicographically first maximal independent set of the graph whose
// edges are pairs that share a key and verify (Blelloch, Fineman, Shun, "Greedy sequential maximal
// independent set and matching are parallel on average", SPAA 2012).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "io/prepare/store/document_store.h"
#include "io/prepare/work/bitmap.h"
#include "runtime/comm/comm.h"

namespace switchyard::prepare {

// Document numbers: kept documents of earlier generations first, then this generation's ordinals.
struct DocumentPair {
  std::int64_t later = 0, earlier = 0;

  auto operator<=>(const DocumentPair&) const = default;
};

struct Removal {
  std::int64_t later = 0, earlier = 0;  // `earlier` is kept instead of `later`
  RemovalReason reason = RemovalReason::exact;
  float jaccard = 1.0F;
};

struct IndependentSetTask {
  std::int64_t num_earlier = 0;    // documents of earlier generations
  std::int64_t num_documents = 0;  // of this one
  // Groups of this generation's documents that share a key, in ascending order:
  // count, ordinals..., count, ordinals... Any division of the groups among ranks will do.
  std::vector<std::filesystem::path> groups;
  // Pairs with earlier generations: ordinal, low and high half of the earlier document's number.
  std::vector<std::filesystem::path> earlier_pairs;
  std::filesystem::path scratch;  // a file of this rank's own
  std::int64_t pairs_at_once = std::int64_t{1} << 20;
  std::function<int(std::int64_t ordinal)> owner;  // the rank that verifies a document's pairs
  // Takes pairs in ascending order, each once, and returns those that verify, at most the first for
  // each `later`.
  std::function<std::vector<Removal>(const std::vector<DocumentPair>&)> verify;
  std::function<void(std::int64_t decided)> progress;
};

struct IndependentSet {
  Bitmap removed;                 // of this generation's ordinals; the same on all ranks
  std::vector<Removal> removals;  // of the documents that this rank owns, by `later`
  std::int64_t rounds = 0;
};

// Collective. The result is a function of the groups and of verify() alone. In rounds: a document
// is kept when it is the first undecided one of all its groups; then the others of these groups are
// verified against it. So every document is compared with the kept earlier ones that it shares a
// key with until one verifies, and with no other. Memory: two bits for each document, and
// `pairs_at_once` pairs.
IndependentSet first_independent_set(const IndependentSetTask& task, Comm& world);

}  // namespace switchyard::prepare
