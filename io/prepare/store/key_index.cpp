#include "io/prepare/store/key_index.h"

#include <algorithm>
#include <span>

#include "io/files/file.h"
#include "io/folder/checked_extent.h"
#include "io/folder/hdf5.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t chunk_bytes = std::int64_t{64} << 10;
constexpr std::int64_t keys_per_block = chunk_bytes / std::int64_t{sizeof(std::uint64_t)};

template <class T>
std::vector<T> read_values(CheckedExtent& extent, const durable::File& file, std::int64_t begin,
                           std::int64_t end) {
  std::vector<T> values(static_cast<std::size_t>(end - begin));
  extent.read(file, begin * static_cast<std::int64_t>(sizeof(T)),
              std::as_writable_bytes(std::span(values)));
  return values;
}

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
      : file(durable::File::open_for_reading(folder / entry.name)),
        keys(find_extent(entry, "keys", "u64")),
        documents(find_extent(entry, "documents", "u32")) {
    CheckedExtent table(find_extent(entry, "first_keys", "u64"));
    require(documents.rows() == keys.rows() &&
                table.rows() == (keys.rows() + keys_per_block - 1) / keys_per_block,
            Exit::data, "{} has {} keys, {} documents and {} blocks, which do not fit together",
            file.path().string(), keys.rows(), documents.rows(), table.rows());
    first_keys = read_values<std::uint64_t>(table, file, 0, table.rows());
  }

  // The keys of a block, kept until another is asked for.
  std::span<const std::uint64_t> load(std::int64_t number) {
    if (number != loaded) {
      const std::int64_t begin = number * keys_per_block;
      block = read_values<std::uint64_t>(keys, file, begin,
                                         std::min(begin + keys_per_block, keys.rows()));
      loaded = number;
    }
    return block;
  }

  durable::File file;
  CheckedExtent keys, documents;
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
      found(state_->documents.at<std::uint32_t>(state_->file, number * keys_per_block + at));
    }
  }
}

}  // namespace switchyard
