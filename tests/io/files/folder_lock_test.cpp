#include "io/files/folder_lock.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "tests/io/scratch.h"

namespace switchyard {
namespace folder_lock_test {

using namespace std::chrono_literals;

TEST(FolderLock, SecondHolderIsRefused) {
  Scratch scratch;
  const FolderLock first(scratch / "");
  try {
    const FolderLock second(scratch / "", 0ms);
    ADD_FAILURE() << "two hold the lock";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::busy);
  }
}

TEST(FolderLock, WaitsForAHolderThatGoes) {
  Scratch scratch;
  std::optional<FolderLock> first(std::in_place, scratch / "");
  std::thread leaving([&] {
    std::this_thread::sleep_for(200ms);
    first.reset();
  });
  EXPECT_NO_THROW(FolderLock(scratch / "", 10s));
  leaving.join();
}

TEST(FolderLock, MissingFolderIsAnError) {
  Scratch scratch;
  EXPECT_THROW(FolderLock(scratch / "none", 0ms), Error);
}

}  // namespace folder_lock_test
}  // namespace switchyard
