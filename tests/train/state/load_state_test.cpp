#include "train/state/load_state.h"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"
#include "tests/train/small_run.h"
#include "train/inference/sample.h"

namespace switchyard {
namespace load_state_test {

constexpr std::int64_t context = 32;

// A run of two steps and its checkpoint.
struct Trained {
  SmallConfig config;
  SharedScratch folder{test_world()};
  SmallRun run;
  std::filesystem::path checkpoint;

  Trained()
      : config(gated()), run(config, test_world().split(0, test_world().rank()), degree(config)) {
    run.losses(0, 2);
    checkpoint = save_checkpoint(folder.path(), 2, 1, run.trainer().owned_state().tensors,
                                 run.trainer().meta(), test_world(), run.stream());
  }

  // A gate whose bias is part of the state, too.
  static SmallConfig gated() {
    SmallConfig config;
    config.sequence_length = context;
    config.router = {.gate = GateKind::sigmoid, .bias_rate = 0.05F};
    return config;
  }
  static int degree(const SmallConfig& config) {
    return largest_divisor(test_world().size(), config.model.num_experts);
  }

  Transformer model_for_inference() {
    Transformer::Options options = run.model().options();
    options.use = ParamUse::inference;
    return {config.model, config.router, options, run.mesh()};
  }
};

TEST(LoadState, AModelForInferenceHasTheValuesAndNoTrainingState) {
  Trained trained;
  Transformer model = trained.model_for_inference();
  agree(test_world(), [&] { load_values(CheckpointReader(trained.checkpoint), model); });
  std::int64_t value_bytes = 0;
  for (const ParamRegion& region : model.params().regions()) {
    EXPECT_FALSE(region.trained());
    value_bytes += region.values().bytes();
  }
  EXPECT_EQ(model.params().bytes(), value_bytes);
  const Params& expected = trained.run.model().params();
  for (ParamId id = 0; id < expected.num_params(); ++id) {
    const Tensor value = model.params().value(id);
    EXPECT_EQ(
        std::memcmp(value.data, expected.value(id).data, static_cast<std::size_t>(value.bytes())),
        0)
        << expected.spec(id).name;
  }
}

TEST(LoadState, AModelForInferenceWritesWhatTheTrainedOneWrites) {
  Trained trained;
  Transformer model = trained.model_for_inference();
  agree(test_world(), [&] { load_values(CheckpointReader(trained.checkpoint), model); });
  const auto text = [&](Transformer& from) {
    return generate(from, {{3, 1, 4}}, context, -2, {.max_tokens = 12, .temperature = 0},
                    trained.run.stream(), {});
  };
  EXPECT_EQ(text(model), text(trained.run.model()));
}

TEST(LoadState, AModelForInferenceIsNotUsedBeforeItIsLoaded) {
  Trained trained;
  Transformer model = trained.model_for_inference();
  EXPECT_THROW(generate(model, {{3}}, context, -2, {.max_tokens = 1}, trained.run.stream(), {}),
               Error);
}

TEST(LoadState, ATensorOfAnotherModelIsRefused) {
  Trained trained;
  SmallConfig other = trained.config;
  other.model.num_experts = 4;
  const int degree = largest_divisor(test_world().size(), 4);
  SmallRun run(other, test_world().split(0, test_world().rank()), degree);
  try {
    load_values(CheckpointReader(trained.checkpoint), run.model());
    ADD_FAILURE() << "loaded a checkpoint with another expert";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::data);
    EXPECT_NE(std::string(error.what()).find("layer1.expert4"), std::string::npos) << error.what();
  }
}

}  // namespace load_state_test
}  // namespace switchyard
