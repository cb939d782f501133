#include "io/prepare/work/partitions.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace partitions_test {

TEST(Partitions, SmallSourceIsOnePartition) {
  const Partitions partitions({100, 0});
  EXPECT_EQ(partitions.count(), 2);
  EXPECT_EQ(partitions.of(1, {~std::uint64_t{0}, 0}), 1);
}

TEST(Partitions, HashesAscendThroughASourcesPartitions) {
  const Partitions partitions({1, std::int64_t{100} << 20});
  int last = partitions.first(1);
  for (std::uint64_t step = 0; step < 64; ++step) {
    const int partition = partitions.of(1, {step << 58, 0});
    EXPECT_GE(partition, last);
    EXPECT_EQ(partitions.source_of(partition), 1);
    last = partition;
  }
  EXPECT_EQ(last, partitions.count() - 1);
}

TEST(Partitions, NumberOfPartitionsIsBounded) {
  const Partitions partitions({std::int64_t{1} << 50});
  EXPECT_EQ(partitions.count(), 4096);
}

}  // namespace partitions_test
}  // namespace switchyard::prepare
