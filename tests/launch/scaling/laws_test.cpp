// The published numbers of scaling laws: those that the papers print, and values computed from
// their constants by hand.
#include "launch/scaling/laws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "launch/scaling/budget.h"
#include "launch/scaling/optimum.h"
#include "runtime/error.h"

namespace switchyard::scaling {
namespace laws_test {

TEST(Laws, ComputeOptimalSizesOfDenseModels) {
  const auto check = [](const DenseLaw& law, double flops, double parameters, double ratio) {
    const Optimum best = optimum_of(law, flops);
    EXPECT_NEAR(best.parameters / parameters, 1.0, 5e-4);
    EXPECT_NEAR(best.tokens / best.parameters, ratio, ratio * 1e-3);
    EXPECT_NEAR(6.0 * best.parameters * best.tokens, flops, flops * 1e-12);
  };
  check(besiroglu, 1e21, 2.779e9, 21.59);
  check(chinchilla, 1e21, 2.215e9, 34.0);
  check(chinchilla_rounded, 1e21, 1.824e9, 50.1);  // rounded exponents choose another model
  check(besiroglu, 5.76e23, 7.225e10, 18.39);      // Chinchilla's own budget
}

TEST(Laws, GoldenSectionFindsTheClosedForm) {
  const Optimum closed = optimum_of(besiroglu, 1e21);
  const Optimum searched =
      optimum_of([](double n, double d) { return besiroglu.loss(n, d); }, 1e21);
  EXPECT_NEAR(searched.parameters / closed.parameters, 1.0, 1e-6);
  EXPECT_NEAR(searched.loss, closed.loss, 1e-12);
}

TEST(Laws, JointLaw) {
  const auto check = [](double n, double d, double one, double eight, double thirty_two) {
    EXPECT_NEAR(joint_loss(n, d, 1), one, 1e-4);
    EXPECT_NEAR(joint_loss(n, d, 8), eight, 1e-4);
    EXPECT_NEAR(joint_loss(n, d, 32), thirty_two, 1e-4);
  };
  check(1e6, 5e6, 6.4352, 6.7712, 7.2065);  // far below the authors' sizes: mixtures lose
  check(1e9, 2e10, 2.5776, 2.5088, 2.4546);
  const std::vector<Budget> budgets = spend(1e20, {1, 8, 32}, std::nullopt);
  const std::array<std::array<double, 2>, 3> best = {
      {{1.726e9, 2.5897}, {9.91e8, 2.5291}, {6.75e8, 2.4724}}};
  for (std::size_t i = 0; i < best.size(); ++i) {
    EXPECT_EQ(budgets[i].law, "joint");
    EXPECT_NEAR(budgets[i].optimum.parameters / best[i][0], 1.0, 2e-3);
    EXPECT_NEAR(budgets[i].optimum.loss, best[i][1], 1e-4);
  }
}

// Table 4 of arXiv:2502.05172: the law for one and for eight experts as two power laws.
TEST(Laws, JointLawIsItsTable) {
  const double n = 3e8, d = 1e10;
  EXPECT_NEAR(joint_loss(n, d, 1),
              30.36 * std::pow(n, -0.1817) + 53.98 * std::pow(d, -0.1965) + 1.3637, 3e-3);
  EXPECT_NEAR(joint_loss(n, d, 8),
              21.83 * std::pow(n, -0.1676) + 119.9 * std::pow(d, -0.2338) + 1.3637, 3e-3);
}

TEST(Laws, OtherMixtures) {
  EXPECT_NEAR(krajewski_loss(64e9, 2e10, 1), 2.5677, 1e-4);
  EXPECT_NEAR(krajewski_loss(64e9, 2e10, 4), 2.5013, 1e-4);
  EXPECT_NEAR(krajewski_loss(64e9, 2e10, 16), 2.4717, 1e-4);
  for (const auto& [experts, loss] : std::vector<std::pair<double, double>>{
           {1, 2.2374}, {8, 2.1496}, {64, 2.0498}, {512, 1.9823}})
    EXPECT_NEAR(clark_loss(1.3e9, experts), loss, 1e-4);
  // Dense: 16612.5 / 1e9^0.5962 + 5455.67 / 2e10^0.3954 + 0.4598 + 17.26 / 1e9^0.1595 + 0.94.
  EXPECT_NEAR(abnar_loss(1e9, 2e10, 0.0), 0.0715 + 0.4623 + 0.4598 + 0.6332 + 0.94, 2e-3);
}

TEST(Laws, RepeatedTokens) {
  EXPECT_NEAR(tokens_worth(4e9, 1e9) / 3.726e9, 1.0, 2e-4);
  EXPECT_EQ(tokens_worth(4e9, 0.0), 4e9);
  EXPECT_EQ(tokens_worth(1e9, 4e9), 1e9);
  EXPECT_LT(tokens_worth(1e15, 1e9), 16.4e9);  // repeats are worth 15.39 passes at most
  EXPECT_NEAR(kaplan_loss(1e9, 2e10), 2.3739, 1e-4);
}

TEST(Laws, SaysWhatIsExtrapolated) {
  const ModelSize small{
      .active = 2e6, .total = 8e6, .body = 1e6, .tokens = 1e7, .experts = 8, .top_k = 2};
  EXPECT_EQ(outside(law_named("joint"), small),
            "parameters 2.00 M < 10.0 M, tokens 10.0 M < 1.00 G");
  const ModelSize inside{.active = 1e9, .total = 1e9, .body = 9e8, .tokens = 2e10};
  EXPECT_EQ(outside(law_named("besiroglu"), inside), "");
  EXPECT_THROW(law_named("jiont"), Error);
}

}  // namespace laws_test
}  // namespace switchyard::scaling
