#include "launch/bench/figures/routing_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard::bench {
namespace routing_case_test {

using testing::ElementsAre;

std::vector<std::string> workloads(RoutingSweep sweep, const std::string& mode) {
  sweep.modes = {mode};
  sweep.exchanges = {"flat"};
  std::vector<std::string> names;
  for (const RoutingCase& what : cases_of(sweep)) names.push_back(what.workload);
  return names;
}

TEST(RoutingCase, AStepHasWorkloadsOfItsShapeAndItsOwnGates) {
  EXPECT_THAT(workloads({}, "layer"), ElementsAre("balanced", "zipf", "hot_rank"));
  EXPECT_THAT(workloads({}, "step"), ElementsAre("balanced", "zipf", "hot_rank", "model"));
  EXPECT_THAT(workloads({.workloads = {"ragged", "zipf"}}, "step"), ElementsAre("zipf"));
  EXPECT_THROW(workloads({.workloads = {"ragged"}}, "step"), Error);
  EXPECT_THROW(workloads({.workloads = {"model"}}, "layer"), Error);
}

TEST(RoutingCase, ARecordingIsMeasuredBesideTheWorkloads) {
  EXPECT_THAT(workloads({.replay = "tape"}, "layer"),
              ElementsAre("balanced", "replay", "zipf", "hot_rank"));
  EXPECT_THAT(workloads({.workloads = {"replay"}, .replay = "tape"}, "step"),
              ElementsAre("replay"));
  EXPECT_THROW(workloads({.workloads = {"replay"}}, "step"), Error) << "no recording";
}

TEST(RoutingCase, EveryCaseFindsItsBalancedTwin) {
  const std::vector<RoutingCase> cases = cases_of(
      {.workloads = {"zipf", "balanced"}, .exchanges = {"flat", "pipelined"}, .tokens = {16, 32}});
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::ptrdiff_t twin = balanced_twin(cases, cases[i]);
    ASSERT_GE(twin, 0);
    EXPECT_LE(twin, static_cast<std::ptrdiff_t>(i)) << "it has its figures first";
    const RoutingCase& found = cases[static_cast<std::size_t>(twin)];
    EXPECT_EQ(found.workload, "balanced");
    EXPECT_EQ(found.exchange, cases[i].exchange);
    EXPECT_EQ(found.tokens, cases[i].tokens);
  }
  EXPECT_EQ(balanced_twin({{"zipf", "layer", "flat", Payload::f32, 16, 64, 2, 8}}, cases[0]), -1);
}

}  // namespace routing_case_test
}  // namespace switchyard::bench
