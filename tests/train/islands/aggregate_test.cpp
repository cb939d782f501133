#include "train/islands/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace switchyard {
namespace aggregate_test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

double of(Aggregate kind, int trim, std::vector<double> values) {
  return aggregate(kind, trim, values);
}

// Of byzfl 0.0.11: Average, Median and TrMean.
TEST(Aggregates, AreThoseOfByzfl) {
  const std::vector<std::vector<double>> elements = {
      {1, 3, 2.5, 100, 2}, {-2, 5, -1, 0, 4}, {0.25, 0.5, 8, 0.75, -7}};
  const double means[] = {21.7, 1.2, 0.5}, medians[] = {2.5, 0, 0.5};
  const double trimmed[] = {2.5, 1.0, 0.5}, more[] = {2.5, 0, 0.5};
  const double even[] = {2.75, -0.5, 0.625};  // of the first four
  for (std::size_t i = 0; i < elements.size(); ++i) {
    EXPECT_DOUBLE_EQ(of(Aggregate::mean, 1, elements[i]), means[i]);
    EXPECT_DOUBLE_EQ(of(Aggregate::median, 1, elements[i]), medians[i]);
    EXPECT_DOUBLE_EQ(of(Aggregate::trimmed_mean, 1, elements[i]), trimmed[i]);
    EXPECT_DOUBLE_EQ(of(Aggregate::trimmed_mean, 2, elements[i]), more[i]);
    const std::vector<double> four(elements[i].begin(), elements[i].begin() + 4);
    EXPECT_DOUBLE_EQ(of(Aggregate::median, 1, four), even[i]);
    EXPECT_DOUBLE_EQ(of(Aggregate::trimmed_mean, 1, four), even[i]);
  }
}

TEST(Aggregates, LeaveOutWhatIsNotFinite) {
  for (const Aggregate kind : {Aggregate::mean, Aggregate::median, Aggregate::trimmed_mean}) {
    EXPECT_DOUBLE_EQ(of(kind, 1, {nan, 2, infinity, 4, -infinity}), 3.0);
    EXPECT_DOUBLE_EQ(of(kind, 1, {nan, 2}), 2.0);
    EXPECT_TRUE(std::isnan(of(kind, 1, {nan, infinity})));
  }
}

// Whatever `trim` islands send, each element is one that the others span.
TEST(Aggregates, RobustOnesStayWithinWhatTheHonestSent) {
  const std::vector<double> honest = {1.0, 1.25, 1.5, 1.75};
  for (const double bad : {-1e30, -1.0, 1.3, 7.0, 1e30, nan, infinity}) {
    for (const double worse : {-1e30, 1e30, nan}) {
      std::vector<double> values = honest;
      values.insert(values.begin() + 2, bad);
      EXPECT_GE(of(Aggregate::median, 1, values), 1.0);
      EXPECT_LE(of(Aggregate::median, 1, values), 1.75);
      EXPECT_GE(of(Aggregate::trimmed_mean, 1, values), 1.0);
      EXPECT_LE(of(Aggregate::trimmed_mean, 1, values), 1.75);
      values.insert(values.begin(), {worse, 1.1});
      EXPECT_GE(of(Aggregate::trimmed_mean, 2, values), 1.0);
      EXPECT_LE(of(Aggregate::trimmed_mean, 2, values), 1.75);
    }
  }
}

// Of torch.optim.SGD(lr=0.7, momentum=0.9, nesterov=True) in f64, of PyTorch 1.13.
TEST(OuterUpdate, IsTorchsNesterov) {
  const double opinions[3][3] = {{0.4, -1.0, 2.5}, {0.45, -1.5, 2.75}, {0.2, -0.75, 3.5}};
  const double expected[3][3] = {
      {0.367, -0.9175, 2.335}, {0.42069, -1.550475, 2.60345}, {0.1232033, -0.68854575, 3.7760165}};
  float anchor[3] = {0.5F, -1.25F, 3.0F}, velocity[3] = {};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) {
      anchor[i] = outer_update(anchor[i], opinions[round][i], {0.7, 0.9}, velocity[i]);
      EXPECT_NEAR(anchor[i], expected[round][i], 1e-6) << round << " " << i;
    }
  }
}

TEST(OuterUpdate, WithRateOneAndNoMomentumIsTheOpinionItself) {
  float velocity = 0.0F;
  for (const float opinion : {1e-30F, 0.1F, -3.7F, 1e20F})
    EXPECT_EQ(outer_update(1.0F, opinion, {1.0, 0.0}, velocity), opinion);
}

}  // namespace aggregate_test
}  // namespace switchyard
