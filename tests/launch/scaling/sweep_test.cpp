#include "launch/scaling/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "launch/scaling/prediction.h"
#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard::scaling {
namespace sweep_test {

using testing::HasSubstr;

class Sweep : public testing::Test {
 protected:
  Sweep() {
    std::ofstream(base_) << "[data]\nsequence_length = 64\n"
                            "[model]\nhidden = 64\nnum_heads = 4\nnum_kv_heads = 2\n"
                            "head_dim = 16\nexpert_hidden = 100\n"
                            "[router]\ntop_k = 2\n"
                            "[train]\nsteps = 100\nwarmup_steps = 10\n"
                            "global_batch_size = 4\nmicro_batch_size = 2\n";
    options_.base.file = base_;
    options_.vocabulary = 257;
    options_.folder = scratch_ / "ladder";
    options_.request.ranks_per_node = 1;
  }

  Scratch scratch_;
  std::filesystem::path base_ = scratch_ / "base.toml";
  SweepOptions options_;
};

TEST_F(Sweep, CombinesWhatIsPossible) {
  options_.widths = {32, 96};
  options_.experts = {0, 1, 4};
  options_.top_k = {2, 4};
  options_.tokens = {"25600", "20x"};
  const std::vector<SweepRun> runs = sweep_runs(options_);
  std::vector<std::string> names;
  for (const SweepRun& run : runs) names.push_back(run.name);
  ASSERT_EQ(runs.size(), 2U * 3U * 2U);  // dense once, one expert never, four with both
  EXPECT_EQ(names[0], "w32-e0-k2-s100");
  EXPECT_EQ(names[2], "w32-e4-k2-s100");
  const Config& wide = runs[8].config;
  EXPECT_EQ(wide.model.hidden, 96);
  EXPECT_EQ(wide.model.num_heads, 6);
  EXPECT_EQ(wide.model.num_kv_heads, 3);
  EXPECT_EQ(wide.model.expert_hidden, 152);  // 150, to a multiple of 8
  EXPECT_EQ(wide.train.warmup_steps, 10);
  EXPECT_EQ(wide.train.evaluate_every, 100);
  for (const SweepRun& run : runs) {
    if (run.name.ends_with("s100")) continue;
    EXPECT_NEAR(run.size.model.tokens / run.size.model.active, 20.0, 0.1) << run.name;
  }
}

TEST_F(Sweep, WritesConfigsThatReadBackAndNothingElse) {
  options_.widths = {32, 64};
  const std::vector<SweepRun> runs = sweep_runs(options_);
  write_sweep(options_, runs);
  for (const SweepRun& run : runs) {
    const Config read = load_config({std::nullopt, scratch_ / "ladder" / (run.name + ".toml"), {}});
    EXPECT_EQ(print_config(read, Docs::no), print_config(run.config, Docs::no));
  }
  std::ifstream list(scratch_ / "ladder" / "list.txt");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(list), {}),
            "w32-e8-k2-s100.toml\nw64-e8-k2-s100.toml\n");
  EXPECT_TRUE(std::filesystem::is_empty(scratch_ / "ladder" / "runs"));
  EXPECT_THROW(write_sweep(options_, runs), Error);  // the folder exists
}

TEST_F(Sweep, SaysWhichWidthHasNoWholeHeads) {
  options_.widths = {40};
  try {
    sweep_runs(options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--width 40 gives 2.50 heads"));
    EXPECT_THAT(error.what(), HasSubstr("a multiple of 16"));
  }
  options_.widths = {};
  options_.tokens = {"20 x"};
  EXPECT_THROW(sweep_runs(options_), Error);
}

TEST_F(Sweep, PredictsByTheJointLawForMixturesAndByBesirogluForDenseModels) {
  options_.experts = {8, 0};
  const std::vector<SweepRun> runs = sweep_runs(options_);
  const Prediction mixture = predict(runs[0].size, std::nullopt, ""),
                   dense = predict(runs[1].size, std::nullopt, "");
  const ModelSize& size = runs[0].size.model;
  EXPECT_EQ(mixture.laws[0].key, "joint");
  EXPECT_DOUBLE_EQ(mixture.laws[0].loss, joint_loss(size.active, 25600, 4));
  EXPECT_THAT(mixture.laws[0].outside, HasSubstr("tokens 25.6 k < 1.00 G"));
  EXPECT_DOUBLE_EQ(*mixture.dense_twin, joint_loss(size.active, 25600, 1));
  EXPECT_EQ(dense.laws[0].key, "besiroglu");
  EXPECT_FALSE(dense.dense_twin.has_value());
  EXPECT_EQ(predict(runs[0].size, std::nullopt, "clark").laws[0].key, "clark");
  EXPECT_EQ(size.total - size.active, 4.0 * 3 * 64 * 100 * 6);  // layers, matrices, idle experts
  EXPECT_THAT(prediction_report(mixture), HasSubstr("extrapolated"));
}

}  // namespace sweep_test
}  // namespace switchyard::scaling
