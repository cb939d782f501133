#include "io/prepare/store/string_table.h"

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace string_table_test {

// The datasets of a table of these strings: their bytes, and their offsets.
std::vector<FileExtent> write_table(const Scratch& scratch,
                                    const std::vector<std::string>& strings) {
  StringTableWriter table;
  for (const std::string& text : strings) table.add(text);
  Hdf5Writer file(scratch / "a.h5", 1 << 16);
  table.write(file, "words");
  const FileEntry entry = file.finish();
  return {{scratch / "a.h5", find_extent(entry, "words", "u8")},
          {scratch / "a.h5", find_extent(entry, "words_offsets", "i64")}};
}

TEST(StringTable, GivesBackItsStrings) {
  const Scratch scratch;
  const std::vector<std::string> strings = {"", "one", std::string("\0x", 2),
                                            std::string(100'000, 'y'), ""};
  const auto extents = write_table(scratch, strings);
  ChunkReader reader(extents);
  ASSERT_EQ(rows_of(extents[1].extent), 6);
  for (const std::int64_t i : {4, 3, 2, 1, 0, 3}) {
    EXPECT_EQ(read_string(reader, extents, 0, i), strings[static_cast<std::size_t>(i)]);
  }
}

TEST(StringTable, MayBeEmpty) {
  const Scratch scratch;
  EXPECT_EQ(rows_of(write_table(scratch, {})[1].extent), 1);
}

}  // namespace string_table_test
}  // namespace switchyard::prepare
