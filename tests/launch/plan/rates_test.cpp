#include "launch/plan/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/io/scratch.h"

namespace switchyard::plan {
namespace rates_test {

TEST(Rates, APartWithoutARateRunsAtTheMachinesLimit) {
  Rates rates;
  rates.limits = {.matmul = 100.0, .memory = 10.0, .exchange = 1.0};
  rates.parts = {{"head", 50.0}};
  EXPECT_DOUBLE_EQ(seconds_for({"head", WorkUnit::flops, 200.0}, rates), 4.0);
  EXPECT_DOUBLE_EQ(seconds_for({"experts", WorkUnit::flops, 200.0}, rates), 2.0);
  rates.waits = {{"head", 3.0}};
  EXPECT_DOUBLE_EQ(seconds_for({"head", WorkUnit::flops, 200.0}, rates), 7.0);
  EXPECT_DOUBLE_EQ(seconds_for({"head", WorkUnit::flops, 0.0}, rates), 0.0);
  rates.limits.exchange = 0.0;
  EXPECT_THROW(seconds_for({"exchange", WorkUnit::sent, 1.0}, rates), Error);
}

TEST(Rates, PrintedRatesReadBack) {
  const Scratch folder;
  const std::filesystem::path file = folder.path() / "rates.toml";
  Rates rates{{1.25e11, 2e10, 3e9},
              {{"attention", 5e10}, {"permute", 7.5e9}},
              7e7,
              {4, 2, {{"model.num_experts", "8"}, {"train.precision", "f32"}}}};
  rates.waits = {{"reduce", 0.25}};
  std::ofstream(file) << print_rates(rates);
  const Rates read = read_rates(file);
  EXPECT_EQ(read.parts, rates.parts);
  EXPECT_EQ(read.waits, rates.waits);
  EXPECT_EQ(program_bytes(read), 70'000'000);
  EXPECT_EQ(read.limits.exchange, rates.limits.exchange);
  EXPECT_EQ(read.origin.ranks, 4);
  EXPECT_EQ(read.origin.nodes, 2);
  EXPECT_EQ(read.origin.sizes, rates.origin.sizes);
}

TEST(Rates, ARateThatCannotBeIsNamedWithItsLine) {
  const Scratch folder;
  const std::filesystem::path file = folder.path() / "rates.toml";
  std::ofstream(file) << "matmul = 1e11\nmemory = -2\n";
  try {
    read_rates(file);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("line 2: memory must be a positive number"));
  }
}

}  // namespace rates_test
}  // namespace switchyard::plan
