#include "launch/bench/figures/routing_compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard::bench {
namespace routing_compare_test {

using testing::HasSubstr;
using testing::Not;

// repeats: the seconds of each repeat's iterations.
RoutingResult result(const std::vector<std::vector<double>>& repeats) {
  RoutingResult made;
  made.what = {"zipf", "round_trip", "flat", Payload::f32, 64, 32, 2, 8};
  made.ranks = 4;
  made.of_ranks.resize(4);
  made.repeats = static_cast<int>(repeats.size());
  for (const std::vector<double>& seconds : repeats) {
    for (const double s : seconds) made.iterations.push_back({s, 0.0, 0.0, 0.0, {}});
  }
  return made;
}
RoutingResult steady(double seconds) { return result({{seconds}, {seconds}, {seconds}}); }

std::string compared(const RoutingResult& old, const RoutingResult& now,
                     const RoutingSweep& sweep = {}) {
  return compare_routing(routing_json({old}, {}, {}), {now}, sweep, {});
}

TEST(RoutingCompare, ChangesBeyondNoiseAreNamed) {
  EXPECT_THAT(compared(steady(1.0), steady(1.2)), HasSubstr("SLOWER zipf round_trip flat"));
  EXPECT_THAT(compared(steady(1.0), steady(0.8)), HasSubstr("faster zipf round_trip flat"));
  EXPECT_THAT(compared(result({{1}}), result({{1.2}})), HasSubstr("SLOWER"));
}

TEST(RoutingCompare, WhatRepeatsDifferByIsNoChange) {
  const RoutingResult quiet = steady(1.0), drifting = result({{1.0}, {1.4}, {1.6}});
  const RoutingResult noisy_iterations = result({{0.5, 1.2, 2.0}});
  for (const std::string& text :
       {compared(quiet, steady(1.04)), compared(quiet, drifting), compared(drifting, quiet),
        compared(result({{1.0, 1.0, 1.0}}), noisy_iterations)}) {
    EXPECT_THAT(text, Not(HasSubstr("SLOWER")));
    EXPECT_THAT(text, Not(HasSubstr("faster")));
    EXPECT_THAT(text, HasSubstr("1 case within noise"));
  }
}

// Load on the machine moves the middle and leaves the fastest iterations; a slower exchange moves
// all.
TEST(RoutingCompare, ALoadedMachineIsNoChange) {
  const std::vector<double> loaded = {1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0};
  EXPECT_THAT(compared(steady(1.0), result({loaded, loaded, loaded})),
              HasSubstr("1 case within noise"));
}

TEST(RoutingCompare, OtherCasesAreNotCompared) {
  RoutingResult other = steady(5.0);
  other.ranks = 8;
  EXPECT_THAT(compared(steady(1.0), other), HasSubstr("1 case not in the old file"));
}

TEST(RoutingCompare, OtherSettingsAreNotCompared) {
  RoutingSweep sweep;
  sweep.seed = 7;
  const std::string text = compared(steady(1.0), steady(5.0), sweep);
  EXPECT_THAT(text, HasSubstr("not compared: zipf round_trip flat"));
  EXPECT_THAT(text, HasSubstr("seed 1, now 7"));
  EXPECT_THAT(text, Not(HasSubstr("SLOWER")));
  sweep = {};
  sweep.expert_hidden = 8;  // means nothing where no expert computes
  sweep.chunks = 8;         // nor this where nothing is pipelined
  EXPECT_THAT(compared(steady(1.0), steady(1.0), sweep), HasSubstr("1 case within noise"));
}

TEST(RoutingCompare, TheReportHasEveryIterationAndSetting) {
  BenchSettings settings;
  settings.command = "switchyard bench routing";
  const auto json = routing_json({result({{1, 2}, {3, 4}})}, {}, settings);
  EXPECT_EQ(json["command"], "switchyard bench routing");
  const auto& line = json["results"][0];
  EXPECT_EQ(line["iterations"]["seconds"].size(), 4U);
  EXPECT_EQ(line["seconds_of_repeats"], (std::vector<double>{1.5, 3.5}));
  EXPECT_EQ(line["of_ranks"].size(), 4U);
  EXPECT_EQ(line["settings"]["seed"], 1);
  EXPECT_TRUE(line["wrong"].is_null()) << "nothing was checked";
}

TEST(RoutingCompare, WhatIsNoReportIsRefused) {
  for (const char* text :
       {"[]", "{}", "7", R"({"kind": "routing benchmark", "version": 1, "results": []})",
        R"({"kind": "routing benchmark", "version": 2, "results": [{"name": 3}]})"})
    EXPECT_THROW(compare_routing(nlohmann::ordered_json::parse(text), {}, {}, {}), Error) << text;
}

}  // namespace routing_compare_test
}  // namespace switchyard::bench
