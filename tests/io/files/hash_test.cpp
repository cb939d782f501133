#include "io/files/hash.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace hash_test {

TEST(Hash, EmptyInputHasThePublishedValue) {
  EXPECT_EQ(content_hash("").hex(), "99aa06d3014798d86001c324468d497f");
}

// Lengths around the borders of XXH3's algorithms: 16, 128 and 240 bytes, and blocks of 1,024.
TEST(Hash, NoInstructionSetChangesAValue) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += static_cast<char>(i * 37 % 251);
  ContentHash sum;
  for (const std::size_t size : {1, 3, 8, 16, 17, 128, 129, 240, 241, 1'023, 1'025, 100'000}) {
    const ContentHash hash = content_hash(std::string_view(text).substr(0, size));
    sum.high = sum.high * 31 + hash.high;
    sum.low = sum.low * 31 + hash.low;
  }
  EXPECT_EQ(sum.hex(),
            "37b031954082455d7c51274c22dfc9ba");  // by libxxhash 0.8.1 without vector instructions
}

TEST(Hash, ComesBackFromItsText) {
  const ContentHash hash = content_hash("abc");
  EXPECT_EQ(parse_content_hash(hash.hex()), hash);
  for (std::string text : {"", "g", "A"}) {
    text = hash.hex().substr(text.size()) + text;
    EXPECT_EQ(parse_content_hash(text).has_value(), text == hash.hex());
  }
  EXPECT_FALSE(parse_content_hash(hash.hex() + "0"));
}

TEST(Hash, PiecesGiveTheHashOfTheWhole) {
  const std::string text(100'000, 'x');
  Hasher hasher;
  hasher.add(text.data(), 1);
  hasher.add(text.data(), 0);
  hasher.add(text.data() + 1, 99'999);
  EXPECT_EQ(hasher.hex(), content_hash(text).hex());
}

}  // namespace hash_test
}  // namespace switchyard
