#include "launch/bench/predict/expected_load.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/comm/counts.h"

namespace switchyard::bench {
namespace expected_load_test {

// Means over 20,000 drawn tokens; they scatter by less than 0.01.
TEST(ExpectedLoad, IsWhatWorkloadsDraw) {
  for (const char* name : {"balanced", "zipf", "hot_expert", "hot_rank", "hot_node"}) {
    for (const int top_k : {1, 2, 4}) {
      const WorkloadShape shape{
          .tokens = 20000, .top_k = top_k, .num_experts = 12, .num_ranks = 3, .ranks_per_node = 2};
      const Workload workload(name, shape);
      const ExpectedLoad expected(workload, shape);
      const DrawnRouting drawn = workload.draw(0, 0);
      const std::vector<int> some = {1, 2, 5};
      double visits_some = 0.0;
      for (std::size_t begin = 0; begin < drawn.expert.size(); begin += to_index(top_k)) {
        bool any = false;
        for (std::size_t c = 0; c < to_index(top_k); ++c)
          any |= std::find(some.begin(), some.end(), drawn.expert[begin + c]) != some.end();
        visits_some += any;
      }
      const double tolerance = top_k == 1 || std::string(name) == "balanced" ? 0.012 : 0.05;
      EXPECT_NEAR(expected.visits_any(some), visits_some / 20000, 1.4 * tolerance)
          << name << ", top-" << top_k;
      for (int e = 0; e < 12; ++e) {
        EXPECT_NEAR(expected.visits(e),
                    static_cast<double>(drawn.routing.counts[to_index(e)]) / 20000, tolerance)
            << name << ", top-" << top_k << ", expert " << e;
      }
    }
  }
}

}  // namespace expected_load_test
}  // namespace switchyard::bench
