// DocumentRecord: what the stages of `prepare` hand on about a document, without its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/prepare/store/document_store.h"
#include "io/prepare/work/spill.h"

namespace switchyard::prepare {

// Where a document's text lies in the spill files, and what decides at once whether two documents
// are the same. A file holds one for each document of a generation, by ordinal.
struct Locator {
  ContentHash hash;             // of the text as it was read
  ContentHash normalized_hash;  // of normalized(text as it is compared)
  std::uint64_t url_key = 0;    // 0: no URL
  std::uint32_t unit = 0;       // which spill file of texts
  SpillPlace place;             // of the text in it
  std::uint32_t text_bytes = 0;
  std::uint32_t num_shingles = 0;  // distinct ones
  std::uint32_t removed = 0;       // 1: by a filter or as contaminated, before it was compared
};
static_assert(sizeof(Locator) == 64);

struct DocumentRecord {
  Locator at;
  std::int64_t position = 0;
  std::int32_t file = 0;                         // of the generation's inputs
  std::int32_t source = 0;                       // of the generation's sources
  RemovalReason reason = RemovalReason::filter;  // if removed()
  std::string id, url, meta, detail;
  std::vector<std::uint64_t> band_keys;  // none for a removed document or one without shingles

  bool removed() const { return at.removed != 0; }
  // Canonical order within a source.
  friend bool operator<(const DocumentRecord& a, const DocumentRecord& b);
};

void append_record(const DocumentRecord& record, std::string& out);
// All records of `bytes`. Errors: Exit::data if they are not what append_record wrote.
std::vector<DocumentRecord> parse_records(std::string_view bytes);

}  // namespace switchyard::prepare
