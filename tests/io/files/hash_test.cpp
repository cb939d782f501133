#include "io/files/hash.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace hash_test {

TEST(Hash, EmptyInputHasThePublishedValue) {
  EXPECT_EQ(xxh3_hex("", 0), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, PiecesGiveTheHashOfTheWhole) {
  const std::string text(100'000, 'x');
  Hasher hasher;
  hasher.add(text.data(), 1);
  hasher.add(text.data(), 0);
  hasher.add(text.data() + 1, 99'999);
  EXPECT_EQ(hasher.hex(), xxh3_hex(text.data(), 100'000));
}

}  // namespace hash_test
}  // namespace switchyard
