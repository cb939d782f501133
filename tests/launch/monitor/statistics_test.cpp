#include "launch/monitor/statistics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace switchyard::monitor {
namespace statistics_test {

const nlohmann::json& golden() {
  static const nlohmann::json values =
      nlohmann::json::parse(std::ifstream(SWITCHYARD_SOURCE_DIR "/tests/golden/drift.json"));
  return values;
}

std::vector<double> numbers(const nlohmann::json& list) { return list; }

TEST(Statistics, KolmogorovAndSmirnovAsScipyDoes) {
  for (const auto& one : golden()["ks"])
    EXPECT_NEAR(ks_statistic(numbers(one["a"]), numbers(one["b"])), one["statistic"], 1e-12);
}

TEST(Statistics, StabilityIndexAsNumpyDoes) {
  for (const auto& one : golden()["psi"])
    EXPECT_NEAR(population_stability(numbers(one["p"]), numbers(one["q"])), one["psi"], 1e-12);
  const std::vector<double> p{0.5, 0.5}, q{0.6, 0.4};
  EXPECT_NEAR(population_stability(p, q), 0.0405465, 5e-8);
  EXPECT_EQ(population_stability(p, p), 0.0);
}

TEST(Statistics, CumulativeSumsAsNumpyDoes) {
  const auto& one = golden()["cusum"];
  Cusum cusum(one["slack"]);
  for (std::size_t i = 0; i < one["values"].size(); ++i)
    EXPECT_NEAR(cusum.add(one["values"][i]), one["highest"][i], 1e-12);
}

TEST(Statistics, SharesAreNeverZero) {
  const std::vector<double> counts{0, 3, 0};
  EXPECT_EQ(shares_of(counts), (std::vector<double>{0.5 / 4.5, 3.5 / 4.5, 0.5 / 4.5}));
}

TEST(Statistics, AQuantileIsOneOfTheValues) {
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.75), 3);
  EXPECT_EQ(quantile({3, 1, 2, 4}, 1.0), 4);
  EXPECT_EQ(quantile({5}, 0.0), 5);
}

}  // namespace statistics_test
}  // namespace switchyard::monitor
