// Parameters that training leaves as they are, on any layout.
#include "train/step/frozen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "model/param_role.h"
#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace frozen_test {

using testing::HasSubstr;

SmallConfig freezing(const std::vector<std::string>& choices) {
  SmallConfig config;
  config.train.freeze = choices;
  return config;
}

int widest_degree(const SmallConfig& config) {
  return largest_divisor(test_world().size(), config.model.num_experts);
}

SmallRun whole_world(const SmallConfig& config, int degree) {
  return {config, test_world().split(0, test_world().rank()), degree};
}

std::vector<float> values_of(SmallRun& run, ParamId id) {
  const Tensor value = run.model().params().value(id);
  return {value.as<float>(), value.as<float>() + value.size()};
}

TEST(Frozen, ValuesStayAndTheOthersMove) {
  const SmallConfig config = freezing({"experts", "embedding", "layer0.*"});
  SmallRun run = whole_world(config, widest_degree(config));
  const Params& params = run.model().params();
  std::vector<std::vector<float>> before;
  for (ParamId id = 0; id < params.num_params(); ++id) before.push_back(values_of(run, id));
  run.losses(0, 5);
  const Params::Choice frozen = chosen_by(config.train.freeze);
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const bool same = values_of(run, id) == before[static_cast<std::size_t>(id)];
    EXPECT_EQ(same, frozen(params.spec(id).name)) << params.spec(id).name;
    EXPECT_EQ(params.trained(id), !same);
  }
}

TEST(Frozen, HaveNoMomentsAndNoGradients) {
  const SmallConfig config = freezing({"experts", "*.router"});
  SmallRun run = whole_world(config, 1), plain = whole_world({}, 1);
  run.step(0);
  const OwnedState state = run.trainer().owned_state();
  for (const auto& [name, tensor] : state.tensors) {
    const bool frozen = name.find("expert") != std::string::npos || name.ends_with(".router");
    EXPECT_TRUE(!frozen || name.starts_with("value/")) << name;
  }
  EXPECT_LT(run.model().params().bytes(), plain.model().params().bytes());
  const Params& params = run.model().params();
  EXPECT_THROW(params.gradient(params.find("layer1.router")), Error);
}

// What is frozen takes nothing from the gradient of what is not, and nothing of it from the norm.
TEST(Frozen, TheGradientOfTheOthersIsTheSame) {
  if (test_world().size() > 1) return;  // elsewhere an owner has the gradient alone
  SmallConfig plain_config;
  plain_config.train.clip_norm = 0.0;
  SmallConfig config = freezing({"attention", "experts"});
  config.train.clip_norm = 0.0;
  SmallRun run = whole_world(config, 1), plain = whole_world(plain_config, 1);
  const StepReport report = run.step(0), of_plain = plain.step(0);
  EXPECT_EQ(report.loss, of_plain.loss);
  EXPECT_LT(report.gradient_norm, of_plain.gradient_norm);
  const Params &params = run.model().params(), &all = plain.model().params();
  double squares = 0.0;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    if (params.spec(id).frozen) continue;
    const Tensor mine = params.gradient(id);
    const Tensor theirs = all.gradient(all.find(params.spec(id).name));
    ASSERT_EQ(std::memcmp(mine.data, theirs.data, static_cast<std::size_t>(mine.bytes())), 0)
        << params.spec(id).name;
    for (std::int64_t i = 0; i < mine.size(); ++i) {
      const double element =
          static_cast<double>(mine.as<std::int64_t>()[i]) * params.gradient_factor();
      squares += element * element;
    }
  }
  EXPECT_NEAR(report.gradient_norm, std::sqrt(squares), 1e-6 * report.gradient_norm);
}

// Frozen experts move with their values, and copies of them have no gradients to sum.
TEST(Frozen, AnyLayoutHasTheSameBitsWhereExpertsMove) {
  const auto result = [](const std::vector<std::string>& choices, int degree, bool moves) {
    SmallConfig config = freezing(choices);
    if (moves) {
      config.router.extra_copies = 2;
      config.rebalance_every = 2;
    }
    SmallRun run = whole_world(config, degree);
    std::vector<double> losses = run.losses(0, 6);
    losses.push_back(static_cast<double>(run.state_hash()));
    return losses;
  };
  for (const std::vector<std::string>& choices :
       {std::vector<std::string>{"experts"}, {"*.up", "norms"}}) {
    const std::vector<double> expected = result(choices, 1, false);
    const int degree = widest_degree(freezing(choices));
    EXPECT_EQ(result(choices, degree, false), expected);
    EXPECT_EQ(result(choices, degree, true), expected);
  }
}

TEST(Frozen, ResumeEqualsNotStopping) {
  SmallConfig config = freezing({"experts", "final_norm"});
  SmallRun straight = whole_world(config, 1);
  const std::vector<double> expected = straight.losses(0, 5);
  const SharedScratch folder(test_world());
  Stream stream = Stream::cpu(1);
  std::filesystem::path checkpoint;
  {
    SmallRun first = whole_world(config, 1);
    first.losses(0, 2);
    checkpoint = save_checkpoint(folder.path(), 2, 1, first.trainer().owned_state().tensors,
                                 first.trainer().meta(), test_world(), stream);
  }
  config.draw_weights = false;
  SmallRun second = whole_world(config, widest_degree(config));
  agree(test_world(), [&] {
    const CheckpointReader reader(checkpoint);
    second.trainer().load(reader, reader.fields());
  });
  EXPECT_EQ(second.losses(2, 5), std::vector<double>(expected.begin() + 2, expected.end()));
  EXPECT_EQ(second.state_hash(), straight.state_hash());
}

std::string refusal_of(const std::vector<std::string>& choices) {
  try {
    whole_world(freezing(choices), widest_degree(freezing(choices)));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "no error";
}

TEST(Frozen, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(refusal_of({"expert"}), HasSubstr("did you mean \"experts\"?"));
  EXPECT_THAT(refusal_of({"layer1.ruoter"}), HasSubstr("did you mean \"layer1.router\"?"));
  EXPECT_THAT(refusal_of({"layer7.*"}), HasSubstr("which is no parameter of this model"));
  EXPECT_THAT(refusal_of({"layer1.expert2.*"}),
              HasSubstr("treats layer1.expert0.down and layer1.expert2.down differently"));
  EXPECT_THAT(refusal_of({"*"}), HasSubstr("leaves no parameter to train"));
  EXPECT_THAT(refusal_of({"head"}), HasSubstr("model.tie_embeddings"));
}

}  // namespace frozen_test
}  // namespace switchyard
