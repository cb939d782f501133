#include "launch/assemble/restored_model.h"

#include <gtest/gtest.h>

#include "tests/rank_test.h"

namespace switchyard {
namespace restored_model_test {

RestoredModel golden_model() {
  return {std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "tests/golden/checkpoint-1",
          {"run.threads=1"},
          test_world().split(0, test_world().rank())};
}

TEST(RestoredModel, KeepsTheValuesOfTheCheckpointAlone) {
  RestoredModel restored = golden_model();
  const Params& params = restored.model().params();
  EXPECT_TRUE(params.has_values());
  std::int64_t value_bytes = 0;
  for (const ParamRegion& region : params.regions()) {
    value_bytes += region.values().bytes();
    EXPECT_TRUE(region.gradients().empty());
    for (const StatePart part : all_state_parts) EXPECT_TRUE(region.state(part).empty());
  }
  EXPECT_EQ(params.bytes(), value_bytes);
}

TEST(RestoredModel, HasTheBitsOfTheCheckpoint) {
  RestoredModel restored = golden_model();
  const Params& params = restored.model().params();
  const Tensor table = params.value(params.find("embedding"));
  const Buffer expected(table.shape, DType::f32);
  restored.checkpoint().read("value/embedding", expected);
  for (std::int64_t i = 0; i < table.size(); ++i)
    EXPECT_EQ(table.as<float>()[i], expected.tensor().as<float>()[i]);
}

}  // namespace restored_model_test
}  // namespace switchyard
