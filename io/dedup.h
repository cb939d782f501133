// ExactDedup: drops documents whose normalised text another one has, and puts the rest in order.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/documents.h"

namespace switchyard {

// Documents stand in canonical order: by (content hash, id). Of equal ones the first in that order
// stays, so that the outcome does not depend on the order in which they are added.
bool canonical_before(const Document& a, const Document& b);

// Holds the text of the documents that stay, and some 100 bytes for each that goes.
class ExactDedup {
 public:
  void add(Document&& document);

  struct Result {
    std::vector<Document> kept;  // in canonical order
    nlohmann::json report;       // {in, out, removed, examples: the ids of the first 20 removed}
    ContentHash documents_hash;  // of the content hashes of all documents added, sorted
  };
  Result finish() &&;

 private:
  struct Removed {
    ContentHash hash;
    std::string id;
    std::size_t group;  // who stayed: an index of kept_
  };

  std::unordered_map<ContentHash, std::size_t> group_of_;  // by the hash of the normalised text
  std::vector<Document> kept_;                             // one for each group
  std::vector<Removed> removed_;
};

}  // namespace switchyard
