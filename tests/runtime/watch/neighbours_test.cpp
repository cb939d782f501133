#include "runtime/watch/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/rank_test.h"

namespace switchyard {
namespace neighbours_test {

using testing::HasSubstr;

// The rank that tells of `suspect`, on one node: the lowest other one.
int teller_of(int suspect, int size) { return suspect > 0 || size == 1 ? 0 : 1; }

TEST(Neighbours, OneRankTellsOfEachFromWhatItsRecordSaysNow) {
  Comm& world = test_world();
  const SharedRecord record = make_shared_record();
  const Neighbours neighbours(world, *record);
  record->phase = Phase::step;
  record->step = 100 + world.rank();
  record->collective = Collective::barrier;
  world.barrier();
  for (int suspect = 0; suspect < world.size(); ++suspect) {
    const std::string account = neighbours.account_of(suspect);
    const bool mine = teller_of(suspect, world.size()) == world.rank();
    EXPECT_EQ(mine, !account.empty());
    if (!mine) continue;
    EXPECT_THAT(account, HasSubstr("step " + std::to_string(100 + suspect) + ", in barrier"));
    EXPECT_THAT(account, HasSubstr("its process"));
  }
  world.barrier();
}

TEST(Neighbours, OfAnotherNodeNothingIsTold) {
  const SharedRecord record = make_shared_record();
  EXPECT_EQ(Neighbours(test_world(), *record).account_of(test_world().size()), "");
}

TEST(FlightRecord, IsReadByItsInodeOnly) {
  const SharedRecord record = make_shared_record();
  record->step = 17;
  const RecordView view = map_record(getpid(), record->file, inode_of(*record));
  ASSERT_NE(view, nullptr);
  record->step = 18;
  EXPECT_EQ(view->step, 18);
  EXPECT_EQ(map_record(getpid(), record->file, inode_of(*record) + 1), nullptr);
}

}  // namespace neighbours_test
}  // namespace switchyard
