#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/tensor.h"

namespace switchyard {
namespace memory_test {

std::uintptr_t address(Tensor tensor) { return reinterpret_cast<std::uintptr_t>(tensor.data); }

TEST(Buffer, IsZeroed) {
  // Dirties memory of the same size first, so that a fresh page cannot pass for a cleared one.
  for (const std::int64_t size : {1, 1000, 1 << 20}) {
    {
      const Buffer dirty({size}, DType::u8);
      std::memset(dirty.tensor().data, 0xff, static_cast<std::size_t>(size));
    }
    const Buffer buffer({size}, DType::u8);
    const auto* bytes = buffer.tensor().as<std::uint8_t>();
    EXPECT_TRUE(std::all_of(bytes, bytes + size, [](std::uint8_t byte) { return byte == 0; }));
  }
}

TEST(Buffer, IsAlignedToACacheLine) {
  for (const std::int64_t size : {1, 65, 4097}) {
    EXPECT_EQ(address(Buffer({size}, DType::u8)) % 64, 0U) << size;
  }
}

TEST(Buffer, LargeOnesAreAlignedToHugePages) {
  EXPECT_EQ(address(Buffer({(2 << 20) + 1}, DType::u8)) % (2U << 20), 0U);
}

TEST(Buffer, WithoutElementsHasAnAddress) {
  const Buffer buffer({0, 8}, DType::f32);
  EXPECT_NE(buffer.tensor().data, nullptr);
  EXPECT_TRUE(buffer.tensor().empty());
}

TEST(Buffer, MoveConstructionEmptiesTheSource) {
  Buffer source({8}, DType::f32);
  const void* data = source.tensor().data;
  const Buffer target(std::move(source));
  EXPECT_EQ(target.tensor().data, data);
  EXPECT_EQ(source.tensor().data, nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(source.tensor().empty());
}

TEST(Buffer, MoveAssignmentEmptiesTheSource) {
  Buffer source({8}, DType::f32), target({3}, DType::i32);
  const void* data = source.tensor().data;
  target = std::move(source);
  EXPECT_EQ(target.tensor().data, data);
  EXPECT_EQ(target.tensor().shape, Shape({8}));
  EXPECT_EQ(source.tensor().data, nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(source.tensor().empty());
}

TEST(Buffer, RefusesADeviceThisBuildHasNot) {
  EXPECT_THROW(Buffer({1}, DType::f32, Device{Device::Kind::cuda, 0}), Error);
}

TEST(Arena, PartsAreAlignedAndDoNotOverlap) {
  Arena arena;
  const Tensor first = arena.take({3}), second = arena.take({5}, DType::u8),
               third = arena.take({1});
  EXPECT_EQ(address(first) % 64, 0U);
  EXPECT_EQ(address(second), address(first) + 64);
  EXPECT_EQ(address(third), address(second) + 64);
  EXPECT_EQ(second.dtype, DType::u8);
}

TEST(Arena, TakesNothing) {
  Arena arena;
  const Tensor before = arena.take({16});
  EXPECT_TRUE(arena.take({0, 7}).empty());
  EXPECT_EQ(arena.take({0, 7}).shape, Shape({0, 7}));
  EXPECT_EQ(address(arena.take({16})), address(before) + 64);
}

TEST(Arena, PartsSurviveGrowth) {
  Arena arena;
  const Tensor early = arena.take({1000});
  std::fill_n(early.as<float>(), 1000, 2.5F);
  for (int i = 0; i < 8; ++i) std::memset(arena.take({1 << 18}).data, 0xff, 1 << 20);
  EXPECT_EQ(std::count(early.as<float>(), early.as<float>() + 1000, 2.5F), 1000);
}

// What one cycle takes, as addresses.
std::vector<std::uintptr_t> cycle(Arena& arena) {
  std::vector<std::uintptr_t> addresses;
  for (const std::int64_t size : {300'000, 7, 900'000, 0, 64, 200'000}) {
    addresses.push_back(address(arena.take({size})));
  }
  arena.reset();
  return addresses;
}

TEST(Arena, AllocatesNothingAfterTheFirstCycle) {
  Arena arena;
  cycle(arena);
  const auto second = cycle(arena);
  EXPECT_TRUE(std::is_sorted(second.begin(), second.end())) << "one chunk holds the whole cycle";
  EXPECT_EQ(second.back() - second.front(), 4 * (300'000 + 16 + 900'000 + 64));
  EXPECT_EQ(cycle(arena), second);
}

TEST(Arena, AScopeGivesBackWhatItTookAndTheNextResetHoldsIt) {
  Arena arena;
  arena.take({16});
  void* inside = nullptr;
  for (int call = 0; call < 2; ++call) {
    const ArenaScope scope(arena);
    void* const first = arena.take({16}).data;
    EXPECT_TRUE(inside == nullptr || inside == first);
    inside = first;
    arena.take({1'000'000});  // more than there is room for
  }
  EXPECT_EQ(arena.take({16}).data, inside);
  EXPECT_EQ(arena.high_water_bytes(), 2 * 64 + 4'000'000);
  arena.reset();
  EXPECT_GE(arena.held_bytes(), arena.high_water_bytes());
}

TEST(Arena, HighWaterIsTheFullestCycle) {
  Arena arena;
  arena.take({100});
  arena.take({1});
  arena.reset();
  arena.take({8});
  EXPECT_EQ(arena.high_water_bytes(), 448 + 64);
}

}  // namespace memory_test
}  // namespace switchyard
