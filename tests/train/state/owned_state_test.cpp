#include "train/state/owned_state.h"

#include <gtest/gtest.h>

#include <set>

#include "runtime/comm/mesh.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace owned_state_test {

// A table of many blocks, small norms, and an expert whose moments count up from 1.
class OwnedStateTest : public testing::Test {
 protected:
  OwnedStateTest() : mesh_(make_mesh(test_world().split(0, test_world().rank()), 1)) {
    params_.declare({.name = "table", .shape = {9, param_block}});
    for (const char* name : {"a", "b", "c"}) params_.declare({.name = name, .shape = {64}});
    params_.declare({.shape = {5, param_block}, .expert = ExpertPart{"layer0", 0, "up"}});
    const Replicas all{test_world().rank(), test_world().size()};
    params_.allocate({.format = fixed_point_for(1024, 1), .dense = all, .experts = all});
    for (ParamId id = 0; id < 5; ++id) {
      const ElementRange mine = params_.owned(id);
      for (std::int64_t i = 0; i < mine.size(); ++i)
        params_.first_moment(id).as<float>()[i] = static_cast<float>(mine.begin + i + 1);
    }
    state_ = owned_state(params_, mesh_, stream_);
  }

  Stream stream_ = Stream::cpu(1);
  Mesh mesh_;
  Params params_;
  OwnedState state_;
};

TEST_F(OwnedStateTest, EveryTensorIsWrittenByOneRank) {
  std::string mine;
  for (const NamedTensor& named : state_.tensors) mine += named.name + " ";
  std::set<std::string> names;
  std::size_t count = 0;
  for (const std::string& text : all_gather_text(test_world(), mine)) {
    std::istringstream words(text);
    for (std::string name; words >> name; ++count) names.insert(name);
  }
  EXPECT_EQ(count, 15U);
  EXPECT_EQ(names.size(), 15U);
}

TEST_F(OwnedStateTest, MomentsThatSeveralRanksOwnAreWrittenWhole) {
  for (const auto& [name, tensor] : state_.tensors) {
    if (!name.starts_with("first_moment/")) continue;
    EXPECT_EQ(tensor.shape, params_.value(params_.find(name.substr(13))).shape);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      wrong += tensor.as<float>()[i] != static_cast<float>(i + 1);
    EXPECT_EQ(wrong, 0) << name;
  }
}

TEST_F(OwnedStateTest, RanksWriteAboutAsManyBytes) {
  std::int64_t bytes = 0;
  for (const NamedTensor& named : state_.tensors) bytes += named.tensor.bytes();
  const std::int64_t most = reduce_one(test_world(), bytes, Reduce::max);
  const std::int64_t total = reduce_one(test_world(), bytes, Reduce::sum);
  const std::int64_t largest_tensor = 9 * param_block * 4;
  EXPECT_LE(most, total / test_world().size() + largest_tensor);
}

}  // namespace owned_state_test
}  // namespace switchyard
