#include "io/prepare/store/key_index.h"

#include <gtest/gtest.h>

#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace key_index_test {

std::vector<std::uint32_t> find_all(KeyIndex& index, std::uint64_t key) {
  std::vector<std::uint32_t> found;
  index.find(key, [&](std::uint32_t document) { found.push_back(document); });
  return found;
}

TEST(KeyIndex, FindsEveryDocumentOfAKey) {
  Scratch scratch;
  std::vector<IndexedKey> keys;
  for (std::uint32_t i = 0; i < 40000; ++i) keys.push_back({10 * (i / 2), i});
  KeyIndex index(scratch / "", write_key_index(scratch / "", "index", keys));
  for (const std::uint32_t i : {0U, 1U, 4095U, 4096U, 12345U, 19999U}) {
    EXPECT_EQ(find_all(index, 10 * i), (std::vector<std::uint32_t>{2 * i, 2 * i + 1})) << i;
  }
}

TEST(KeyIndex, OneKeyMayFillSeveralBlocks) {
  Scratch scratch;
  std::vector<IndexedKey> keys = {{1, 0}};
  for (std::uint32_t i = 1; i <= 30000; ++i) keys.push_back({7, i});
  keys.push_back({9, 30001});
  KeyIndex index(scratch / "", write_key_index(scratch / "", "index", keys));
  EXPECT_EQ(find_all(index, 7).size(), 30000U);
  EXPECT_EQ(find_all(index, 9).size(), 1U);
}

TEST(KeyIndex, UnknownKeyFindsNothing) {
  Scratch scratch;
  KeyIndex empty(scratch / "", write_key_index(scratch / "", "empty", {}));
  EXPECT_TRUE(find_all(empty, 5).empty());
  KeyIndex index(scratch / "", write_key_index(scratch / "", "index", {{4, 0}, {6, 1}}));
  for (const std::uint64_t key : {0, 5, 7}) EXPECT_TRUE(find_all(index, key).empty()) << key;
}

TEST(KeyIndex, FlippedBitIsFound) {
  Scratch scratch;
  std::vector<IndexedKey> keys;
  for (std::uint32_t i = 0; i < 100; ++i) keys.push_back({i, i});
  const FileEntry entry = write_key_index(scratch / "", "index", keys);
  std::string bytes = contents_of(scratch / entry.name);
  bytes[static_cast<std::size_t>(entry.extents[0].offset)] ^= 1;
  put_contents(scratch / entry.name, bytes);
  KeyIndex index(scratch / "", entry);
  EXPECT_THROW(find_all(index, 0), Error);
}

}  // namespace key_index_test
}  // namespace switchyard::prepare
