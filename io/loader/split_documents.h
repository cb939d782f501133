// SplitDocuments: the documents of a split in the order of its stream of tokens, by their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/loader/packing.h"
#include "io/tokens/token_reader.h"
#include "io/tokens/token_store.h"

namespace switchyard {

// Keeps 48 bytes of each document. Errors of everything here: Exit::data naming the file, and the
// chunk if one does not match its hash.
class SplitDocuments {
 public:
  SplitDocuments(const TokenStore& store, const std::string& split);

  std::int64_t size() const { return std::ssize(documents_); }
  const Piece& piece(std::int64_t document) const { return at(document).piece; }
  std::int32_t source(std::int64_t document) const { return at(document).source; }
  ContentHash hash(std::int64_t document) const { return at(document).hash; }
  // The document with this hash, if the split has it.
  std::optional<std::int64_t> find(ContentHash hash) const;
  // The document that holds a token of the stream. Requires: there is such a token.
  std::int64_t document_at(std::int64_t token) const;
  // The boundary token and the document's own, at most `most` of them in all.
  std::vector<std::int32_t> tokens(std::int64_t document, std::int64_t most);

 private:
  struct Document {
    Piece piece;
    std::int32_t source;
    ContentHash hash{};
  };
  void read_hashes(const TokenStore& store, const std::string& split);
  const Document& at(std::int64_t document) const {
    return documents_[static_cast<std::size_t>(document)];
  }

  std::vector<Document> documents_;
  TokenReader reader_;
};

}  // namespace switchyard
