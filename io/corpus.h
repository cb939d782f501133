// Corpus: all usable documents of the inputs, each once, in canonical order, split in two.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/documents.h"

namespace switchyard {

struct Corpus {
  std::vector<Document> documents;  // train, then validation; each in canonical order (io/dedup.h)
  std::size_t num_train = 0;
  ContentHash hash;       // of all documents that were read, duplicates included
  nlohmann::json report;  // {documents: {in, out}, read, exact_duplicates, split, problems}

  std::span<const Document> train() const { return std::span(documents).first(num_train); }
  std::span<const Document> validation() const { return std::span(documents).subspan(num_train); }
};

// The split of a document is a function of its content hash alone. progress(bytes of text so far,
// bytes of all files). Errors: as find_documents; Exit::data if no document is left, or none to
// train on.
Corpus read_corpus(const std::vector<std::filesystem::path>& inputs, const std::string& text_field,
                   double validation_fraction,
                   const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace switchyard
