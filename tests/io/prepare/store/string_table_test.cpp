#include "io/prepare/store/string_table.h"

#include "tests/io/scratch.h"

namespace switchyard {
namespace string_table_test {

FileEntry write_table(const Scratch& scratch, const std::vector<std::string>& strings) {
  StringTableWriter table;
  for (const std::string& text : strings) table.add(text);
  Hdf5Writer file(scratch / "a.h5", 1 << 16);
  table.write(file, "words");
  return file.finish();
}

TEST(StringTable, GivesBackItsStrings) {
  const Scratch scratch;
  const std::vector<std::string> strings = {"", "one", std::string("\0x", 2),
                                            std::string(100'000, 'y'), ""};
  const FileEntry entry = write_table(scratch, strings);
  const auto file = durable::File::open_for_reading(scratch / "a.h5");
  StringTableReader table(entry, "words");
  ASSERT_EQ(table.size(), 5);
  for (const std::int64_t i : {4, 3, 2, 1, 0, 3}) {
    EXPECT_EQ(table.at(file, i), strings[static_cast<std::size_t>(i)]);
  }
}

TEST(StringTable, MayBeEmpty) {
  const Scratch scratch;
  EXPECT_EQ(StringTableReader(write_table(scratch, {}), "words").size(), 0);
}

TEST(StringTable, OfAnotherNameIsBadData) {
  const Scratch scratch;
  const FileEntry entry = write_table(scratch, {"a"});
  EXPECT_EQ(thrown_by([&] { StringTableReader(entry, "other"); }).code, Exit::data);
}

}  // namespace string_table_test
}  // namespace switchyard
