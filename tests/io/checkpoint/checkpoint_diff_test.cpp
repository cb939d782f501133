#include "io/checkpoint/checkpoint_diff.h"

#include "tests/io/scratch.h"

namespace switchyard {
namespace checkpoint_diff_test {

class CheckpointDiff : public testing::Test {
 protected:
  // A checkpoint of 100 values of `like`, `scale` times as large from `first` on.
  CheckpointReader with(std::int64_t step, const std::string& extra, std::int64_t first,
                        float scale) {
    const Buffer near({100}, DType::f32), far({100}, DType::f32);
    for (std::int64_t i = 0; i < 100; ++i) {
      near.tensor().as<float>()[i] = i < first ? 1.0F : scale;
      far.tensor().as<float>()[i] = i < first ? 1.0F : 10.0F * scale;
    }
    return CheckpointReader(save_checkpoint(
        scratch_.path(), step, 1,
        {{"near", near}, {"far", far}, {"same", Buffer({3}, DType::f32)}, {extra, near}},
        nlohmann::json::object(), *comm_, stream_));
  }

  Scratch scratch_;
  std::unique_ptr<Comm> comm_ = make_single_comm();
  Stream stream_ = Stream::cpu(1);
};

TEST_F(CheckpointDiff, OrdersByTheRelativeDifference) {
  const CheckpointReader a = with(1, "old", 100, 1.0F), b = with(2, "new", 75, 1.5F);
  const CheckpointDifference found = difference_of(a, b);
  EXPECT_EQ(found.num_tensors, 5);
  std::vector<std::string> names;
  for (const TensorDifference& one : found.differences) names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"new", "old", "far", "near"}));
  EXPECT_EQ(in_words(found.differences[0]), "new: only in the second");
  const TensorDifference& near = found.differences[3];
  EXPECT_EQ(near.num_changed, 25);
  EXPECT_EQ(near.max, 0.5);
  EXPECT_NEAR(near.relative, 0.25, 1e-12);  // sqrt(25 * 0.5^2 / 100)
  EXPECT_EQ(in_words(near), "near: 25 of 100 values, relative 0.25, at most 0.5");
}

TEST_F(CheckpointDiff, EqualOnesDoNotDiffer) {
  const CheckpointReader a = with(1, "new", 75, 1.5F), b = with(2, "new", 75, 1.5F);
  EXPECT_TRUE(difference_of(a, b).differences.empty());
}

}  // namespace checkpoint_diff_test
}  // namespace switchyard
