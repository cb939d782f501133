#include "model/transformer/mtp_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard {
namespace mtp_rows_test {

using testing::ElementsAre;

// Two rows of eight: documents of 5 and 3 tokens; then one of 2, of 1, and one that goes on beyond
// the row. One target is a prompt's. Tokens count up, and each target is 100 more than the token
// after its own.
struct Rows {
  std::vector<std::int32_t> tokens, positions{0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 0, 0, 1, 2, 3, 4},
      targets;
  Rows() {
    for (std::int32_t i = 0; i < 16; ++i) {
      tokens.push_back(i);
      targets.push_back(101 + i);
    }
    targets[3] = -1;
  }
  Batch batch() const {
    return {0,
            2,
            8,
            tensor_of(tokens.data(), {16}),
            tensor_of(targets.data(), {16}),
            tensor_of(positions.data(), {16})};
  }
};

TEST(MtpRows, StopAtTheEndsOfDocumentsAndRows) {
  const Rows rows;
  const MtpRows one(rows.batch(), 1);
  EXPECT_THAT(one.tokens, ElementsAre(1, 2, 3, 4, 4, 6, 7, 7, 9, 9, 10, 12, 13, 14, 15, 15));
  EXPECT_THAT(one.targets, ElementsAre(102, 103, -1, 105, -1, 107, 108, -1, 110, -1, -1, 113, 114,
                                       115, 116, -1));
  EXPECT_EQ(one.num_targets, 10);
  const MtpRows three(rows.batch(), 3);
  EXPECT_THAT(three.tokens, ElementsAre(3, 4, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 13, 14, 15));
  EXPECT_THAT(three.targets,
              ElementsAre(-1, 105, -1, -1, -1, -1, -1, -1, -1, -1, -1, 115, 116, -1, -1, -1));
  EXPECT_EQ(three.num_targets, 3);
}

TEST(MtpRows, HaveNoTargetsWhereRowsAreShorter) {
  const Rows rows;
  const MtpRows far(rows.batch(), 9);
  EXPECT_EQ(far.tokens, rows.tokens);
  EXPECT_EQ(far.num_targets, 0);
}

}  // namespace mtp_rows_test
}  // namespace switchyard
