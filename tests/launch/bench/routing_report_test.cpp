#include "launch/bench/routing_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard::bench {
namespace routing_report_test {

using testing::HasSubstr;
using testing::Not;

RoutingResult result(double seconds, double noise = 0.0) {
  RoutingResult made;
  made.what = {"zipf", "round_trip", "flat", Payload::f32, 64, 32, 2, 8};
  made.ranks = 4;
  made.most = seconds;
  made.noise = noise;
  made.tokens = 256;
  made.logical_bytes = 4000;
  made.busiest_bytes = 600;
  made.load = {1, 2, 3, 4};
  return made;
}

std::string compared(const RoutingResult& old, const RoutingResult& now) {
  return compare_routing(routing_json({old}, "test"), {now});
}

TEST(RoutingReport, BandwidthsAreBytesOfARankOverTheSlowestTime) {
  EXPECT_DOUBLE_EQ(result(1e-6).algbw(), 1.0);
  EXPECT_DOUBLE_EQ(result(1e-6).busbw(), 0.6);
  EXPECT_DOUBLE_EQ(result(1e-6).tokens_per_second(), 256e6);
}

TEST(RoutingReport, ChangesBeyondNoiseAreNamed) {
  EXPECT_THAT(compared(result(1.0), result(1.2)), HasSubstr("SLOWER zipf round_trip flat"));
  EXPECT_THAT(compared(result(1.0), result(0.8)), HasSubstr("faster zipf round_trip flat"));
}

TEST(RoutingReport, ChangesWithinEitherRunsNoiseAreNot) {
  for (const std::string& text :
       {compared(result(1.0), result(1.04)), compared(result(1.0, 0.3), result(1.2)),
        compared(result(1.0), result(1.2, 0.3))}) {
    EXPECT_THAT(text, Not(HasSubstr("SLOWER")));
    EXPECT_THAT(text, HasSubstr("1 cases within noise"));
  }
}

TEST(RoutingReport, OtherCasesAreNotCompared) {
  RoutingResult other = result(5.0);
  other.ranks = 8;
  EXPECT_THAT(compared(result(1.0), other), HasSubstr("1 not in the old file"));
}

TEST(RoutingReport, WhatIsNoReportIsRefused) {
  for (const char* text :
       {"[]", "{}", "7", R"({"kind": "routing benchmark", "version": 2, "results": []})",
        R"({"kind": "routing benchmark", "version": 1, "results": [{"name": 3}]})"})
    EXPECT_THROW(compare_routing(nlohmann::ordered_json::parse(text), {}), Error) << text;
}

}  // namespace routing_report_test
}  // namespace switchyard::bench
