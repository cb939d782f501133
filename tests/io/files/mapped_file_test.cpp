#include "io/files/mapped_file.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/io/scratch.h"

namespace switchyard {
namespace mapped_file_test {

TEST(MappedFile, HoldsTheFilesBytes) {
  const Scratch scratch;
  put_contents(scratch / "a", "hello");
  MappedFile first(scratch / "a", 4);
  const MappedFile mapped = std::move(first);
  EXPECT_TRUE(first.bytes().empty());
  ASSERT_EQ(mapped.bytes().size(), 4U);
  EXPECT_EQ(static_cast<char>(mapped.bytes()[3]), 'l');
}

TEST(MappedFile, ShortOrMissingFileIsADataError) {
  const Scratch scratch;
  put_contents(scratch / "a", "hello");
  EXPECT_EQ(thrown_by([&] { MappedFile mapped(scratch / "a", 6); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { MappedFile mapped(scratch / "b", 6); }).code, Exit::data);
}

}  // namespace mapped_file_test
}  // namespace switchyard
