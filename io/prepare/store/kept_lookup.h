// KeptLookup: the documents of a dataset by their hash, as tokens know them.
#pragma once

#include <filesystem>
#include <optional>

#include <nlohmann/json.hpp>

#include "io/prepare/store/document_store.h"

namespace switchyard::prepare {

class KeptLookup {
 public:
  // The documents of the dataset may be gone: then hashes are all that is known of them.
  explicit KeptLookup(const std::filesystem::path& dataset);

  // {id, source, licence, hash}. source: index into the dataset's. Without the documents
  // {hash}. Errors: Exit::data naming file and chunk.
  nlohmann::ordered_json describe(ContentHash hash, std::int32_t source) const;

 private:
  std::optional<DocumentStore> store_;
};

}  // namespace switchyard::prepare
