#include "launch/plan/rehearsal.h"

#include <gtest/gtest.h>

#include "tests/launch/plan/small_run.h"

namespace switchyard::plan {
namespace rehearsal_test {

// A cut model keeps a window only where one of its layers has it.
TEST(Rehearsal, CutsTheLayersWithAWindow) {
  Config config = small_config();
  config.model.num_layers = 12;
  config.model.window = 10;
  EXPECT_EQ(rehearsal_config(config, 1).model.window, 10);
  config.model.window_layers = {1, 3, 5, 7, 9, 11};
  EXPECT_EQ(rehearsal_config(config, 1).model.window_layers,
            (std::vector<std::int64_t>{1, 3, 5, 7}));
  config.model.window_layers = {11};
  EXPECT_EQ(rehearsal_config(config, 1).model.window, 0);
}

TEST(Rehearsal, KeepsWidthsAndCutsLayers) {
  Config config = small_config();
  config.model.num_layers = 30;
  config.model.dense_layers = {0, 7};
  config.train.global_batch_size = 2000;
  const Config cut = rehearsal_config(config, 4);
  EXPECT_EQ(cut.model.num_layers, 9);
  EXPECT_EQ(cut.model.dense_layers, std::vector<std::int64_t>{0});
  EXPECT_EQ(cut.model.num_experts, 8);
  EXPECT_EQ(cut.train.global_batch_size, 2 * 4 * 2);
  config.guard.compare_every = 10;  // a rehearsal has few steps
  EXPECT_EQ(run_shape(rehearsal_config(config, 4), 260, 4, 4, 1).compare_every, 1);
}

// An expert of 2^22 elements: 16 on a rank.
TEST(Rehearsal, HasFewerLayersAndExpertsOfLargeOnes) {
  Config config = small_config();
  config.model.num_layers = 30;
  config.model.dense_layers = {};
  config.model.hidden = 1024;
  config.model.expert_hidden = 1365;
  config.router.extra_copies = 2;
  EXPECT_EQ(rehearsal_config(config, 2).model.num_layers, 4);
  EXPECT_EQ(rehearsal_config(config, 2).router.extra_copies, 2);
  config.model.num_experts = 64;
  EXPECT_EQ(rehearsal_config(config, 2).model.num_layers, 2);
  EXPECT_EQ(rehearsal_config(config, 2).model.num_experts, 32);
  EXPECT_EQ(rehearsal_config(config, 2).router.extra_copies, 0);
  config.parallel.experts = "1";  // as in the run: every rank holds all experts
  EXPECT_EQ(rehearsal_config(config, 2).model.num_experts, 16);
}

}  // namespace rehearsal_test
}  // namespace switchyard::plan
