// explain: what became of a document, and why; behind `switchyard explain`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/prepare/account/shared_passages.h"
#include "io/prepare/store/document_store.h"

namespace switchyard::prepare {

struct KeptFate {
  KeptDocument document;  // of its text only the excerpt
  std::int64_t text_bytes = 0;
  std::string shard;  // the file that holds it
};

struct RemovedFate {
  RemovedDocument document;
  std::optional<KeptFate> keeper;     // nothing if there was none, or it was removed later
  bool read_again = false;            // `shared` is of the whole text, else of the excerpt
  std::vector<SharedPassage> shared;  // with the keeper's text, longest first
};

struct Explanation {
  std::vector<KeptFate> kept;
  std::vector<RemovedFate> removed;
  std::int64_t num_more = 0;  // documents of the same name that are not explained
};

// name: a document's id, else its content hash or the first 4 or more digits of it, else the input
// file that holds it, or FILE:LINE. Of documents with the same name the first 20 are explained.
// Reads the whole layer's ids and hashes, one shard at a time, and removed documents again from
// where they came from. Errors: Exit::usage if there is no such document, or digits begin several
// hashes.
Explanation explain(const DocumentStore& store, const std::string& name);

// For people; nothing in it can do harm to a terminal.
std::string explanation_text(const DocumentStore& store, const Explanation& explanation);

}  // namespace switchyard::prepare
