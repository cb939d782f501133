#include "runtime/foreign_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <new>

namespace switchyard {
namespace foreign_error_test {

TEST(ForeignError, APathThatIsTooLongIsNoDefect) {
  try {
    (void)std::filesystem::status(std::string(300, 'x'));
    FAIL() << "the system takes it";
  } catch (const std::exception& thrown) {
    EXPECT_EQ(error_of(thrown).code(), Exit::usage);
  }
}

TEST(ForeignError, AFullDiskIsStorage) {
  EXPECT_EQ(error_of(std::system_error(ENOSPC, std::generic_category())).code(), Exit::storage);
}

TEST(ForeignError, OursStaysAsItIs) {
  const Error ours(Exit::busy, "in use");
  EXPECT_EQ(error_of(ours).code(), Exit::busy);
  EXPECT_STREQ(error_of(ours).what(), "in use");
}

TEST(ForeignError, MemoryIsForAPersonAndTheRestIsADefect) {
  EXPECT_EQ(error_of(std::bad_alloc()).code(), Exit::usage);
  EXPECT_EQ(error_of(std::logic_error("never")).code(), Exit::internal);
}

}  // namespace foreign_error_test
}  // namespace switchyard
