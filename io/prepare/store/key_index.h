// KeyIndex: the keys of a generation's kept documents, for the generations that come after it
// (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/folder/extent.h"

namespace switchyard::prepare {

struct IndexedKey {
  std::uint64_t key = 0;
  std::uint32_t document = 0;  // number among the generation's kept documents

  auto operator<=>(const IndexedKey&) const = default;
};

// keys: sorted. Writes <name>.h5.
FileEntry write_key_index(const std::filesystem::path& folder, const std::string& name,
                          const std::vector<IndexedKey>& keys);

// One such file. A lookup reads one or two chunks of 64 KiB, so that the cost of an --append does
// not grow with what it is appended to.
class KeyIndex {
 public:
  // Errors: Exit::data if it is no such file.
  KeyIndex(const std::filesystem::path& folder, const FileEntry& entry);
  ~KeyIndex();
  KeyIndex(KeyIndex&&) noexcept;

  // Calls found(document) for each document with this key, in ascending order. Fastest for keys in
  // ascending order. Errors: Exit::data if a chunk does not match its hash.
  void find(std::uint64_t key, const std::function<void(std::uint32_t)>& found);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace switchyard::prepare
