// Saves of what lies on a GPU.
#include <gtest/gtest.h>

#include "io/checkpoint/background_save.h"
#include "runtime/device/host_access.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace saves_test {

// Reads what it is given, as files are written from it.
class ReadingTarget final : public SaveTarget {
 public:
  SavePhases begin(const Snapshot& snapshot, WritePace&) override {
    const Tensor tensor = snapshot.mine.at(0).tensor;
    EXPECT_EQ(tensor.device, Device::cpu());
    return {{.alone = [this, tensor] { read_ = tensor.as<float>()[2]; }}};
  }
  const std::filesystem::path& folder() const override { return folder_; }
  void discard() override {}
  float read() const { return read_; }

 private:
  std::filesystem::path folder_ = "folder";
  float read_ = 0.0F;
};

TEST(Saves, ReadAGpuWhetherTrainingWaitsForThemOrNot) {
  const Device device = Device::cuda(test_world().rank());
  for (const auto mode : {BackgroundSave::Mode::synchronous, BackgroundSave::Mode::asynchronous}) {
    Stream stream = Stream::cuda(device);
    const Buffer values({4}, DType::f32, device);
    const float written[] = {1.0F, 2.0F, 3.0F, 4.0F};
    write_now(written, values);
    BackgroundSave save(mode, test_world(), stream);
    save.prepare({{"values", values}});
    ReadingTarget target;
    save.start(target, {1, {{"values", values}}, {}});
    save.finish();
    EXPECT_EQ(target.read(), 3.0F);
  }
}

}  // namespace saves_test
}  // namespace switchyard
