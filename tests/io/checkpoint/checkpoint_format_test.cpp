#include "io/checkpoint/checkpoint_format.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace checkpoint_format_test {

TEST(CheckpointFormat, FolderNameRoundTrip) {
  for (const CheckpointId id : {CheckpointId{0, 0}, {300, 2}, {123'456'789, 12'345}}) {
    EXPECT_EQ(parse_checkpoint_folder_name(checkpoint_folder_name(id)), id);
  }
  EXPECT_EQ(checkpoint_folder_name({300, 2}), "step-00000300-a0002");
}

TEST(CheckpointFormat, OtherNamesAreNoCheckpoints) {
  for (const char* name : {"", "step-", "step-300-a2", "step-00000300", "step-00000300-a0002.tmp",
                           "step--0000300-a0002", "step-00000300-a99999999999", "latest"}) {
    EXPECT_FALSE(parse_checkpoint_folder_name(name)) << name;
  }
}

TEST(CheckpointFormat, LaterStepIsNewerThanLaterAttempt) {
  EXPECT_LT((CheckpointId{300, 9}), (CheckpointId{400, 1}));
  EXPECT_LT((CheckpointId{300, 1}), (CheckpointId{300, 2}));
}

}  // namespace checkpoint_format_test
}  // namespace switchyard
