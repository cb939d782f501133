#include "launch/plan/assumptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard::plan {
namespace assumptions_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunShape on(int ranks, int ranks_per_node) {
  RunShape shape;
  shape.num_ranks = ranks;
  shape.ranks_per_node = ranks_per_node;
  return shape;
}

Rates measured_on(int ranks, int nodes) {
  Rates rates;
  rates.origin = {ranks, nodes, {{"model.num_experts", "8"}}};
  return rates;
}

TEST(Assumptions, ANetworkThatWasNotMeasured) {
  EXPECT_TRUE(assumes_network(on(2, 2), measured_on(1, 1)));  // no peer
  EXPECT_TRUE(assumes_network(on(4, 2), measured_on(2, 1)));  // no second node
  EXPECT_FALSE(assumes_network(on(4, 2), measured_on(4, 2)));
  EXPECT_FALSE(assumes_network(on(1, 1), measured_on(1, 1)));
  Rates given = measured_on(1, 1);
  given.network_given = true;
  EXPECT_FALSE(assumes_network(on(16, 8), given));
}

TEST(Assumptions, OnlyThePartsThatTravel) {
  EXPECT_TRUE(assumes_part("exchange", on(2, 1), measured_on(1, 1)));
  EXPECT_FALSE(assumes_part("experts", on(2, 1), measured_on(1, 1)));
}

TEST(Assumptions, RatesKnowTheirSizes) {
  EXPECT_THAT(assumptions(on(1, 1), measured_on(1, 1), {{"model.num_experts", "512"}}),
              ElementsAre(HasSubstr("model.num_experts = 8 (here 512)")));
  EXPECT_THAT(assumptions(on(1, 1), measured_on(1, 1), {{"model.num_experts", "8"}}), IsEmpty());
  EXPECT_THAT(assumptions(on(1, 1), Rates{}, {{"model.num_experts", "8"}}),
              ElementsAre(HasSubstr("do not say")));
}

TEST(Assumptions, AFullerNodeThanWasMeasured) {
  EXPECT_THAT(assumptions(on(8, 8), measured_on(2, 1), {}),
              ElementsAre(HasSubstr("with 2 ranks on a node, and this run has 8")));
}

}  // namespace assumptions_test
}  // namespace switchyard::plan
