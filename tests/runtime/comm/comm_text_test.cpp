// Texts over a communicator.
#include <gtest/gtest.h>

#include "runtime/comm/comm.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace comm_text_test {

TEST(CommText, TextIsBroadcastFromEveryRoot) {
  for (int root = 0; root < test_world().size(); ++root) {
    const std::string text = "from " + std::to_string(test_world().rank());
    EXPECT_EQ(broadcast_text(test_world(), text, root), "from " + std::to_string(root));
  }
  EXPECT_EQ(broadcast_text(test_world(), test_world().rank() == 0 ? "" : "longer", 0), "");
}

TEST(CommText, TextsOfAnyLengthAreGathered) {
  const auto text = [](int peer) { return std::string(peer % 3 * 1000, 'a') + char('0' + peer); };
  const auto texts = all_gather_text(test_world(), text(test_world().rank()));
  EXPECT_EQ(std::ssize(texts), test_world().size());
  for (int peer = 0; peer < test_world().size(); ++peer) EXPECT_EQ(texts[peer], text(peer));
}

TEST(CommText, GatheredTextsAreOnRankZeroAlone) {
  const auto texts = gather_text(test_world(), std::string(test_world().rank() * 700, 'b'));
  EXPECT_EQ(std::ssize(texts), test_world().rank() == 0 ? test_world().size() : 0);
  for (int peer = 0; peer < std::ssize(texts); ++peer) {
    EXPECT_EQ(texts[peer], std::string(peer * 700, 'b'));
  }
}

TEST(CommText, EmptyTextsAreGathered) {
  EXPECT_EQ(all_gather_text(test_world(), ""), std::vector<std::string>(test_world().size()));
  const auto texts = all_gather_text(test_world(), test_world().rank() == 0 ? "" : "x");
  EXPECT_EQ(texts[0], "");
  EXPECT_EQ(texts.back(), test_world().size() == 1 ? "" : "x");
}

}  // namespace comm_text_test
}  // namespace switchyard
