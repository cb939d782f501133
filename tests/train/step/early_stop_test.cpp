#include "train/step/early_stop.h"

#include <gtest/gtest.h>

#include <vector>

namespace switchyard {
namespace early_stop_test {

// After how many evaluations the run would end; 0: it does not.
int evaluations_until_stop(EarlyStop& early_stop, const std::vector<double>& losses) {
  int done = 0;
  for (const double loss : losses) {
    early_stop.note(10 * ++done, loss);
    if (early_stop.stops()) return done;
  }
  return 0;
}

TEST(EarlyStop, WaitsForItsPatience) {
  EarlyStop early_stop(3, 0.0);
  EXPECT_EQ(evaluations_until_stop(early_stop, {5, 4, 4.5, 4.2, 3.9, 4, 4, 4, 1}), 8);
  EXPECT_EQ(early_stop.best_step(), 50);
  EXPECT_EQ(early_stop.best_loss(), 3.9);
  EXPECT_EQ(early_stop.since(), 3);
}

TEST(EarlyStop, AnEqualLossIsNoImprovement) {
  EarlyStop early_stop(2, 0.0);
  EXPECT_EQ(evaluations_until_stop(early_stop, {5, 5, 5}), 3);
  EXPECT_EQ(early_stop.best_step(), 10);
}

// Small steps add up: what counts is the distance to the best loss that was an improvement.
TEST(EarlyStop, AnImprovementHasToBeLargeEnough) {
  EarlyStop early_stop(3, 0.5);
  EXPECT_EQ(evaluations_until_stop(early_stop, {5, 4.7, 4.4, 4.2, 4.1, 4.05}), 6);
  EXPECT_EQ(early_stop.best_loss(), 4.4);
}

TEST(EarlyStop, IsOffWithoutPatience) {
  EarlyStop early_stop(0, 0.0);
  EXPECT_EQ(evaluations_until_stop(early_stop, {5, 6, 7, 8}), 0);
  EXPECT_FALSE(early_stop.active());
}

TEST(EarlyStop, ComesToTheSameDecisionAfterAResume) {
  const std::vector<double> losses = {5, 4, 4.1, 4.2, 3.95, 4, 4.3, 4};
  for (std::size_t cut = 0; cut < losses.size(); ++cut) {
    EarlyStop straight(3, 0.1), before(3, 0.1), after(3, 0.1);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      straight.note(static_cast<std::int64_t>(i), losses[i]);
      if (i == cut) {
        const nlohmann::json state = before.state();
        after.load(JsonFields(state, "early_stop", "a test"));
      }
      (i < cut ? before : after).note(static_cast<std::int64_t>(i), losses[i]);
    }
    EXPECT_EQ(after.state(), straight.state()) << cut;
    EXPECT_EQ(after.stops(), straight.stops());
  }
}

TEST(EarlyStop, MorePatienceGoesOn) {
  EarlyStop early_stop(1, 0.0), patient(2, 0.0);
  evaluations_until_stop(early_stop, {5, 6});
  const nlohmann::json state = early_stop.state();
  patient.load(JsonFields(state, "early_stop", "a test"));
  EXPECT_FALSE(patient.stops());
}

}  // namespace early_stop_test
}  // namespace switchyard
