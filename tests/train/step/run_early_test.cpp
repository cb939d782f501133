// A run whose host says that the loss has stopped falling.
#include "tests/train/step/fake_run.h"

namespace switchyard {
namespace run_test {

class RunEarly : public Run {};

TEST_F(RunEarly, SavesWhereAnEvaluationImproved) {
  steps_.evaluates = true;
  config_.evaluate_every = 1;
  host_.judgements[2].improved = true;
  run();
  EXPECT_EQ(journal_.text(),
            "step 0, evaluated 1: 2.5, step 1, evaluated 2: 2.5, save 2, step 2, evaluated 3: 2.5, "
            "step 3, evaluated 4: 2.5, save 4, finish");
}

TEST_F(RunEarly, EndsEarlyWhereTheHostSaysSo) {
  steps_.evaluates = true;
  config_.evaluate_every = 1;
  host_.judgements[2].ends_run = true;
  EXPECT_EQ(run(), RunEnd::early);
  EXPECT_EQ(journal_.text(), "step 0, evaluated 1: 2.5, step 1, evaluated 2: 2.5, save 2, finish");
}

TEST_F(RunEarly, AnEvaluationThatWasLeftMayEndTheRun) {
  steps_.evaluates = true;
  config_.evaluate_every = 2;
  host_.judgements[2].ends_run = true;
  EXPECT_EQ(run({.first_step = 2, .evaluated = false}), RunEnd::early);
  EXPECT_EQ(journal_.text(), "evaluated 2: 2.5, save 2, finish");
}

TEST_F(RunEarly, TheLastStepIsNotEarly) {
  steps_.evaluates = true;
  config_.evaluate_every = 4;
  host_.judgements[4].ends_run = true;
  EXPECT_EQ(run(), RunEnd::done);
}

}  // namespace run_test
}  // namespace switchyard
