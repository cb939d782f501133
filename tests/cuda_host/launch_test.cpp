// What a launch refuses before a GPU would.
#include <gtest/gtest.h>

#include "runtime/device/kernel.h"

namespace switchyard {
namespace launch_test {

void nothing() {}

TEST(Launch, GridsThatNoGpuTakesAreRefused) {
  Stream stream = Stream::cuda(Device::cuda(0));
  EXPECT_THROW(launch(nothing, {.blocks = std::int64_t{1} << 31}, stream), Error);
  EXPECT_THROW(launch(nothing, {.blocks = 1, .blocks_y = 65536}, stream), Error);
  EXPECT_THROW(launch(nothing, {.blocks = 1, .blocks_z = 65536}, stream), Error);
  launch(nothing, {.blocks = 0, .blocks_y = 65536}, stream);  // no work
  launch(nothing, {.blocks = 2, .blocks_y = 3}, stream);
  stream.synchronize();
}

}  // namespace launch_test
}  // namespace switchyard
