// Document: one text as it came in, and where it came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/files/hash.h"

namespace switchyard::prepare {

struct Document {
  std::string id;         // the "id" field of its JSON line; else hash.hex()
  std::string text;       // valid UTF-8, not blank
  std::string url;        // as given; may be empty
  std::string meta;       // compact JSON object of the line's source, licence and date, and of
                          // prompt_bytes, how many bytes of the text are a prompt; empty if none
  ContentHash hash;       // of text as it was read
  std::int32_t file = 0;  // number of its file among the inputs
  std::int64_t position = 0;  // byte where its line starts in the (uncompressed) file; 0 for a text
};

// Adds a document to the hash of a set of documents: a sum, so that their order does not matter.
inline void add_to_hash(const Document& document, ContentHash& sum) {
  const ContentHash hash = content_hash(document.hash.hex() + document.id + '\n' + document.url);
  sum.high += hash.high;
  sum.low += hash.low;
}

inline constexpr const char* prompt_bytes_key = "prompt_bytes";

// Adds a member to a document's meta.
inline void add_prompt_bytes(std::string& meta, std::int64_t bytes) {
  if (meta.empty()) meta = "{}";
  meta.pop_back();
  meta += std::string(meta.size() > 1 ? "," : "") + '"' + prompt_bytes_key +
          "\":" + std::to_string(bytes) + '}';
}

// Nothing but ASCII white space.
inline bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace switchyard::prepare
