#include "launch/bench/figures/routing_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "runtime/error.h"

namespace switchyard::bench {
namespace routing_table_test {

using testing::HasSubstr;
using testing::Not;

RoutingResult result() {
  RoutingResult made;
  made.what = {"hot_expert", "round_trip", "shared_memory", Payload::int8, 1 << 20, 7168, 8, 512};
  made.exchange = made.what.exchange;
  made.iterations = {{123.4, 5.0, 6.0, 7.0, {}}, {1.0, 0.0, 0.0, 0.0, {}}};
  made.of_ranks.resize(4);
  return made;
}

std::size_t width_of(const RoutingTable& table) {
  std::istringstream lines(table.head() + table.line(result()));
  std::size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, line.size());
  return width;
}

TEST(RoutingTable, FitsATerminalHoweverManySizesVary) {
  const RoutingCase one = result().what;
  RoutingCase other{"zipf", "layer", "flat", Payload::f32, 16, 64, 2, 8};
  const RoutingTable::About everything{.ranks = 4, .nodes = 2, .model = true, .peak = true};
  for (const std::vector<RoutingCase>& cases :
       {std::vector<RoutingCase>{one}, std::vector<RoutingCase>{one, other}}) {
    const RoutingTable table(cases, {}, everything, {});
    EXPECT_LE(width_of(table), 120U) << table.head() << table.line(result());
    EXPECT_THAT(table.head(), HasSubstr(" p50"));
    EXPECT_THAT(table.head(), HasSubstr(" wrong\n"));
  }
}

TEST(RoutingTable, ShowsTheSizesThatVary) {
  const RoutingCase one = result().what;
  RoutingCase other = one;
  other.tokens = 64;
  EXPECT_THAT(RoutingTable({one, other}, {}, {}, {}).head(), HasSubstr("exchange         tokens"));
  EXPECT_THAT(RoutingTable({one}, {}, {}, {}).head(), Not(HasSubstr("exchange         tokens")));
}

TEST(RoutingTable, NamesNoiseAndWhatWasNotChecked) {
  const RoutingTable table({result().what}, {}, {}, {"noise", "wrong", "raw/travel"});
  EXPECT_THAT(table.line(result()), HasSubstr("98 %!"));
  EXPECT_THAT(table.line(result()), testing::EndsWith("      -          -\n"));
}

TEST(RoutingTable, AnUnknownColumnIsRefused) {
  EXPECT_THROW(RoutingTable({result().what}, {}, {}, {"speed"}), Error);
  EXPECT_THAT(RoutingTable({result().what}, {}, {}, {"all"}).head(), HasSubstr("node-link"));
}

}  // namespace routing_table_test
}  // namespace switchyard::bench
