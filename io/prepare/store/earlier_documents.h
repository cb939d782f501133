// EarlierDocuments: the documents that an output holds before another generation is added to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "io/prepare/store/document_store.h"
#include "io/prepare/store/key_index.h"

namespace switchyard::prepare {

// Kept documents are numbered through all generations, in canonical order.
class EarlierDocuments {
 public:
  EarlierDocuments() = default;  // nothing: the first generation
  // Errors: Exit::data if the documents layer is damaged.
  explicit EarlierDocuments(const std::filesystem::path& dataset);

  std::int64_t count() const { return count_; }
  // Calls found(number) for each document with this key. Fastest for keys in ascending order.
  void find(std::uint64_t key, const std::function<void(std::int64_t)>& found);
  KeptDocument document(std::int64_t number) const;

 private:
  struct Index {
    std::int64_t first_document;  // of its generation
    int key_bits;                 // files of the generation's index: 2^key_bits, by high bits
    std::vector<KeyIndex> files;
  };
  std::optional<DocumentStore> store_;
  std::vector<std::int64_t> first_of_shard_;
  std::vector<Index> indexes_;
  std::int64_t count_ = 0;
};

}  // namespace switchyard::prepare
