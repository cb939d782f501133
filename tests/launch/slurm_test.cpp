#include "launch/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard {
namespace slurm_test {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* sinfo = "main*|4000\nbig|256000\nmain*|8000\nbig|512000\nodd|many\n";

TEST(NodeMemory, OfTheDefaultPartition) {
  EXPECT_THAT(node_memory_from(sinfo, ""), ElementsAre(4000, 8000));
}

TEST(NodeMemory, OfTheOneThatIsNamed) {
  EXPECT_THAT(node_memory_from(sinfo, "main"), ElementsAre(4000, 8000));
  EXPECT_THAT(node_memory_from(sinfo, "big"), ElementsAre(256000, 512000));
}

TEST(NodeMemory, NothingWhereSlurmSaysNothing) {
  EXPECT_THAT(node_memory_from(sinfo, "nowhere"), IsEmpty());
  EXPECT_THAT(node_memory_from(sinfo, "odd"), IsEmpty());
  EXPECT_THAT(node_memory_from("", ""), IsEmpty());
}

}  // namespace slurm_test
}  // namespace switchyard
