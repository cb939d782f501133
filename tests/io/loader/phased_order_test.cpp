#include "io/loader/phased_order.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/io/scratch.h"

namespace switchyard {
namespace phased_order_test {

StepSamples constant(std::int64_t size) { return {{}, size, 1}; }

TEST(StepSamples, WithoutARampAllStepsAreEqual) {
  const StepSamples samples = constant(8);
  EXPECT_EQ(samples.batch_size(0), 8);
  EXPECT_EQ(samples.batch_size(1000), 8);
  EXPECT_EQ(samples.first_sample(1000), 8000);
}

// The prefix sum is what adding up the steps gives.
TEST(StepSamples, ARampTakesEverySampleOnce) {
  const StepSamples samples({{0, 4}, {3, 8}, {7, 16}}, 16, 4);
  std::int64_t sum = 0;
  for (std::int64_t step = 0; step < 20; ++step) {
    EXPECT_EQ(samples.first_sample(step), sum) << step;
    EXPECT_EQ(samples.batch_size(step), step < 3 ? 4 : step < 7 ? 8 : 16);
    sum += samples.batch_size(step);
  }
}

TEST(StepSamples, RampsThatDoNotFitAreRefused) {
  const auto refusal = [](const BatchRamp& ramp) {
    const Thrown thrown = thrown_by([&] { StepSamples(ramp, 16, 4); });
    EXPECT_EQ(thrown.code, Exit::usage);
    return thrown.message;
  };
  EXPECT_NE(refusal({{1, 16}}).find("begins at step 1"), std::string::npos);
  EXPECT_NE(refusal({{0, 4}, {5, 8}, {5, 16}}).find("ascending"), std::string::npos);
  EXPECT_NE(refusal({{0, 6}, {5, 16}}).find("micro-batches of 4"), std::string::npos);
  EXPECT_NE(refusal({{0, 32}, {5, 16}}).find("must be the largest"), std::string::npos);
  EXPECT_NE(refusal({{0, 4}, {5, 8}}).find("must end there"), std::string::npos);
  EXPECT_EQ(refusal({{0, 0}, {5, 16}}).find("0 sequences") == std::string::npos, false);
}

const std::vector<std::string> names = {"web", "books"};
const std::vector<std::int64_t> rows = {60, 20};

TEST(PhasedOrder, WithoutPhasesItIsTheOrderOfTheSamples) {
  const PhasedOrder order(names, rows, {{"books", 2.0}}, {}, 7, constant(8));
  const SampleOrder samples({{60, 1.0}, {20, 2.0}}, 7);
  for (std::int64_t n = 0; n < 500; ++n) EXPECT_EQ(order.row(n / 8, n % 8), samples.row(n));
}

// A phase begins where it says, with an epoch of its weights: each row as often as promised.
TEST(PhasedOrder, APhaseTakesExactlyItsShares) {
  const DataPhases phases = {{"anneal", {10, {{"web", 0.5}, {"books", 3.0}}}}};
  const PhasedOrder order(names, rows, {}, phases, 7, constant(9));
  const PhasedOrder plain(names, rows, {}, {}, 7, constant(9));
  for (std::int64_t n = 0; n < 90; ++n)
    EXPECT_EQ(order.row(n / 9, n % 9), plain.row(n / 9, n % 9)) << n;
  std::map<std::int64_t, int> times;
  for (std::int64_t n = 0; n < 90; ++n) ++times[order.row(10 + n / 9, n % 9)];  // 30 + 60: an epoch
  std::int64_t of_web = 0;
  for (const auto& [row, count] : times) {
    EXPECT_EQ(count, row < 60 ? 1 : 3) << row;
    of_web += row < 60;
  }
  EXPECT_EQ(of_web, 30);
  EXPECT_EQ(times.size(), 50U);
}

TEST(PhasedOrder, SourcesThatAPhaseDoesNotNameKeepTheirWeight) {
  const PhasedOrder order(names, rows, {{"web", 2.0}}, {{"end", {5, {{"books", 4.0}}}}}, 7,
                          constant(8));
  EXPECT_EQ(order.parts().back().weights, (std::vector<double>{2.0, 4.0}));
  EXPECT_EQ(order.parts().back().name, "end");
}

// Two phases of equal weights do not repeat each other's order, and any step may be asked for.
TEST(PhasedOrder, EveryPhaseHasItsOwnOrder) {
  const PhasedOrder order(names, rows, {}, {{"b", {20, {}}}, {"a", {10, {}}}}, 7, constant(8));
  ASSERT_EQ(order.parts().size(), 3U);
  EXPECT_EQ(order.parts()[1].name, "a");
  std::set<std::vector<std::int64_t>> orders;
  for (const std::int64_t step : {20, 0, 10}) {
    std::vector<std::int64_t> first;
    for (std::int64_t n = 0; n < 80; ++n) first.push_back(order.row(step + n / 8, n % 8));
    EXPECT_EQ(std::set(first.begin(), first.end()).size(), 80U);  // an epoch
    orders.insert(first);
  }
  EXPECT_EQ(orders.size(), 3U);
}

TEST(PhasedOrder, ARampMovesTheSamplesOfAPhase) {
  const StepSamples samples({{0, 4}, {6, 8}}, 8, 4);
  const PhasedOrder order(names, rows, {}, {{"end", {3, {}}}}, 7, samples);
  std::set<std::int64_t> seen;
  for (std::int64_t step = 3; seen.size() < 80 && step < 100; ++step) {
    for (std::int64_t slot = 0; slot < order.batch_size(step); ++slot) {
      if (seen.size() < 80) {
        EXPECT_TRUE(seen.insert(order.row(step, slot)).second) << step;
      }
    }
  }
}

TEST(PhasedOrder, PhasesThatDoNotFitAreRefused) {
  const auto refusal = [](const DataPhases& phases) {
    const Thrown thrown = thrown_by([&] { PhasedOrder(names, rows, {}, phases, 7, constant(8)); });
    EXPECT_EQ(thrown.code, Exit::usage);
    return thrown.message;
  };
  EXPECT_NE(refusal({{"a", {0, {}}}}).find("data.phases.a.from = 0"), std::string::npos);
  EXPECT_NE(refusal({{"a", {5, {}}}, {"b", {5, {}}}}).find("both begin at step 5"),
            std::string::npos);
  EXPECT_NE(refusal({{"a", {5, {{"boks", 1.0}}}}}).find("data.phases.a.weights names 'boks'"),
            std::string::npos);
}

}  // namespace phased_order_test
}  // namespace switchyard
