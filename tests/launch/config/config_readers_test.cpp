#include "launch/config/config_readers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/error.h"
#include "tests/launch/config/config_failure.h"

namespace switchyard {
namespace config_readers_test {

using config_failure::failure;
using config_failure::failure_of;
using config_failure::with;
using testing::HasSubstr;

TEST(ConfigReaders, WeightsAreATableOfSources) {
  Config config;
  apply_toml(config, "[data.weights]\nweb = 0.5\ncode = 2\n\"a.b\" = 1.5\nc.d = 0\n", "my.toml");
  EXPECT_EQ(config.data.weights,
            (SourceWeights{{"web", 0.5}, {"code", 2.0}, {"a.b", 1.5}, {"c.d", 0.0}}));
  apply_toml(config, "data.weights.web = 3", "my.toml");
  EXPECT_EQ(config.data.weights, (SourceWeights{{"web", 3.0}}));
}

TEST(ConfigReaders, WeightsOutOfRangeAreRefused) {
  EXPECT_THAT(failure_of("data.weights.web = -1"), HasSubstr("a table of numbers from 0 to"));
  EXPECT_THAT(failure_of("data.weights.web = nan"), HasSubstr("data.weights"));
  EXPECT_THAT(failure_of("data.weights.web = true"), HasSubstr("data.weights"));
  EXPECT_THAT(failure_of("data.weights = 1"), HasSubstr("a table of numbers"));
  EXPECT_THAT(failure([] { with({"data.weights.web=-1"}); }),
              HasSubstr("--set data.weights.web=-1: data.weights.web = -1 is not allowed"));
  EXPECT_THAT(failure([] { with({"data.weights.web=much"}); }), HasSubstr("a number from 0"));
}

TEST(ConfigReaders, TextsAreAList) {
  Config config;
  apply_toml(config, "[train]\nfreeze = [\"experts\", 'layer0.*']\n", "my.toml");
  EXPECT_EQ(config.train.freeze, (std::vector<std::string>{"experts", "layer0.*"}));
  EXPECT_THAT(print_config(config, Docs::no), HasSubstr("freeze = ['experts', 'layer0.*']\n"));
  EXPECT_THAT(failure_of("train.freeze = \"experts\""), HasSubstr("a list of texts"));
  EXPECT_THAT(failure_of("train.freeze = [1]"), HasSubstr("a list of texts"));
}

TEST(ConfigReaders, RolesHaveFactors) {
  const Config config = with({"train.rates.embedding=0.5", "train.rates.router=2"});
  EXPECT_EQ(config.train.rates, (RoleFactors{{"embedding", 0.5}, {"router", 2.0}}));
}

TEST(ConfigReaders, ARampIsAListOfPairs) {
  const Config config = with({"train.batch_ramp=[[0, 8], [100, 32]]"});
  EXPECT_EQ(config.train.batch_ramp, (BatchRamp{{0, 8}, {100, 32}}));
  EXPECT_THAT(print_config(config, Docs::no), HasSubstr("batch_ramp = [[0, 8], [100, 32]]\n"));
  for (const char* bad : {"[8]", "[[0]]", "[[0, 8, 1]]", "[[0, 1.5]]", "8"}) {
    EXPECT_THAT(failure_of(std::string("train.batch_ramp = ") + bad),
                HasSubstr("a list of [step, sequences]"));
  }
}

TEST(ConfigReaders, PhasesAreTables) {
  Config config;
  apply_toml(config,
             "[data.phases.anneal]\nfrom = 900\nweights = { web = 0.5, \"a.b\" = 2 }\n"
             "[data.phases.last]\nfrom = 950\nweights = {}\n",
             "my.toml");
  ASSERT_EQ(config.data.phases.size(), 2U);
  EXPECT_EQ(config.data.phases.at("anneal").from, 900);
  EXPECT_EQ(config.data.phases.at("anneal").weights, (SourceWeights{{"web", 0.5}, {"a.b", 2.0}}));
  const std::string text = print_config(config, Docs::yes);
  Config again;
  apply_toml(again, text, "printed");
  EXPECT_EQ(print_config(again, Docs::yes), text);
  EXPECT_THAT(failure_of("[data.phases.a]\nfrom = 1\n"), HasSubstr("a table of phases"));
  EXPECT_THAT(failure_of("[data.phases.a]\nfrom = 1.5\nweights = {}\n"),
              HasSubstr("a table of phases"));
  EXPECT_THAT(failure_of("[data.phases.a]\nfrom = 1\nweights = {web = -1}\n"),
              HasSubstr("a table of phases"));
}

}  // namespace config_readers_test
}  // namespace switchyard
