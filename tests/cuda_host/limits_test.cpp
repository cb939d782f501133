// What happens where a GPU is too small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/device/kernel.h"
#include "tests/cuda_host/device.h"

namespace switchyard {
namespace limits_test {

// Gives the emulated GPU its sizes again when a test ends.
struct Limits : testing::Test {
  ~Limits() override { cuda_host::sizes = {}; }
  const Device device = Device::cuda(0);
  Stream stream = Stream::cuda(device);
};

void nothing() {}

TEST_F(Limits, GridsThatNoGpuTakesAreRefused) {
  EXPECT_THROW(launch(nothing, {.blocks = std::int64_t{1} << 31}, stream), Error);
  EXPECT_THROW(launch(nothing, {.blocks = 1, .blocks_y = 65536}, stream), Error);
  EXPECT_THROW(launch(nothing, {.blocks = 1, .blocks_z = 65536}, stream), Error);
  launch(nothing, {.blocks = 0, .blocks_y = 65536}, stream);  // no work
  launch(nothing, {.blocks = 2, .blocks_y = 3}, stream);
  stream.synchronize();
}

// As on an L40S or an RTX 4090.
TEST_F(Limits, AKernelThatNeedsMoreSharedMemoryThanABlockHasIsRefused) {
  const Grid grid{.blocks = 1, .shared_bytes = 150 << 10};
  launch(nothing, grid, stream);
  cuda_host::sizes.shared_of_block = 99 << 10;
  try {
    launch(nothing, grid, stream);
    ADD_FAILURE() << "nothing failed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("150 KiB"));
    EXPECT_THAT(error.what(), testing::HasSubstr("99 KiB"));
  }
  launch(nothing, {.blocks = 1, .shared_bytes = 99 << 10}, stream);
  stream.synchronize();
}

constexpr std::int64_t mib = 1 << 20;

// A step that fits is not ended because a larger one would not.
TEST_F(Limits, AnArenaThatOutgrewItsMemoryTakesNoMoreThanTheGpuHas) {
  cuda_host::sizes.memory = 17 * mib;
  Arena arena(device);
  for (int step = 0; step < 3; ++step) {
    for (int part = 0; part < 4; ++part) arena.take({4 * mib}, DType::u8);
    EXPECT_EQ(arena.high_water_bytes(), 16 * mib);
    arena.reset();
    EXPECT_EQ(arena.held_bytes(), 16 * mib) << "an eighth more does not fit";
  }
  EXPECT_THROW(arena.take({32 * mib}, DType::u8), Error);
  launch(nothing, {.blocks = 1}, stream);  // the error that was answered is not met again
  stream.synchronize();
}

TEST_F(Limits, AnArenaKeepsRoomForSomewhatMoreWhereTheGpuHasIt) {
  Arena arena(device);
  for (int part = 0; part < 4; ++part) arena.take({4 * mib}, DType::u8);
  arena.reset();
  EXPECT_EQ(arena.held_bytes(), 18 * mib);
}

}  // namespace limits_test
}  // namespace switchyard
