#include "launch/bench/memory_need.h"

#include <gtest/gtest.h>

namespace switchyard::bench {
namespace memory_need_test {

std::vector<double> bytes(const std::string& workload) {
  return bytes_of_ranks({workload, "round_trip", "flat", Payload::f32, 4096, 7168, 4, 512}, {}, 4,
                        4, 4);
}

// The largest of four processes of this case took 7.7 GB when both sides of a bare exchange and of
// a copy were held at once; now it holds one of them at a time.
TEST(MemoryNeed, CountsTheRowsOfTheFullestRank) {
  const std::vector<double> hot = bytes("hot_rank"), even = bytes("balanced");
  EXPECT_GT(hot[0], 5e9);
  EXPECT_LT(hot[0], 7.7e9);
  EXPECT_LT(hot[1], 0.5 * hot[0]);
  EXPECT_NEAR(even[0], even[3], 1e3);
  EXPECT_GT(bytes("burst")[0], 1.5 * even[0]) << "its fullest iteration counts";
}

}  // namespace memory_need_test
}  // namespace switchyard::bench
