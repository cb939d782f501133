#include "io/prepare/store/key_index.h"

#include <algorithm>
#include <span>

#include "io/folder/chunk_reader.h"
#include "io/folder/hdf5.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t chunk_bytes = std::int64_t{64} << 10;
constexpr std::int64_t keys_per_block = chunk_bytes / std::int64_t{sizeof(std::uint64_t)};

enum Dataset : std::int64_t { keys_data, documents_data, first_keys_data };

}  // namespace

FileEntry write_key_index(const std::filesystem::path& folder, const std::string& name,
                          const std::vector<IndexedKey>& keys) {
  std::vector<std::uint64_t> values, first;
  std::vector<std::uint32_t> documents;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (static_cast<std::int64_t>(i) % keys_per_block == 0) first.push_back(keys[i].key);
    values.push_back(keys[i].key);
    documents.push_back(keys[i].document);
  }
  Hdf5Writer file(folder / (name + ".h5"), chunk_bytes);
  file.write("keys", "u64", {std::ssize(values)}, values.data());
  file.write("documents", "u32", {std::ssize(documents)}, documents.data());
  file.write("first_keys", "u64", {std::ssize(first)}, first.data());
  return file.finish();
}

struct KeyIndex::State {
  State(const std::filesystem::path& folder, const FileEntry& entry)
      : extents{{folder / entry.name, find_extent(entry, "keys", "u64")},
                {folder / entry.name, find_extent(entry, "documents", "u32")},
                {folder / entry.name, find_extent(entry, "first_keys", "u64")}},
        reader(extents) {
    require(rows(documents_data) == rows(keys_data) &&
                rows(first_keys_data) == (rows(keys_data) + keys_per_block - 1) / keys_per_block,
            Exit::data, "{} has {} keys, {} documents and {} blocks, which do not fit together",
            extents.front().file.string(), rows(keys_data), rows(documents_data),
            rows(first_keys_data));
    first_keys = read_keys(first_keys_data, 0, rows(first_keys_data));
  }

  std::int64_t rows(Dataset dataset) const { return rows_of(extents[dataset].extent); }

  std::vector<std::uint64_t> read_keys(Dataset dataset, std::int64_t begin, std::int64_t end) {
    std::vector<std::uint64_t> values(static_cast<std::size_t>(end - begin));
    reader.read(dataset, begin * static_cast<std::int64_t>(sizeof(std::uint64_t)),
                std::as_writable_bytes(std::span(values)));
    return values;
  }

  // The keys of a block, kept until another is asked for.
  std::span<const std::uint64_t> load(std::int64_t number) {
    if (number != loaded) {
      const std::int64_t begin = number * keys_per_block;
      block = read_keys(keys_data, begin, std::min(begin + keys_per_block, rows(keys_data)));
      loaded = number;
    }
    return block;
  }

  std::vector<FileExtent> extents;
  ChunkReader reader;
  std::vector<std::uint64_t> first_keys;  // of each block
  std::vector<std::uint64_t> block;
  std::int64_t loaded = -1;
};

KeyIndex::KeyIndex(const std::filesystem::path& folder, const FileEntry& entry)
    : state_(std::make_unique<State>(folder, entry)) {}
KeyIndex::~KeyIndex() = default;
KeyIndex::KeyIndex(KeyIndex&&) noexcept = default;

void KeyIndex::find(std::uint64_t key, const std::function<void(std::uint32_t)>& found) {
  const auto& first = state_->first_keys;
  const auto after = std::lower_bound(first.begin(), first.end(), key) - first.begin();
  for (std::int64_t number = std::max<std::int64_t>(0, after - 1); number < std::ssize(first);
       ++number) {
    const auto block = state_->load(number);
    for (auto at = std::lower_bound(block.begin(), block.end(), key) - block.begin();
         at < std::ssize(block); ++at) {
      if (block[static_cast<std::size_t>(at)] != key) return;
      found(state_->reader.value<std::uint32_t>(documents_data, number * keys_per_block + at));
    }
  }
}

}  // namespace switchyard::prepare
