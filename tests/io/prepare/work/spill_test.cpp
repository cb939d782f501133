#include "io/prepare/work/spill.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace spill_test {

TEST(Spill, PartitionsComeBackInOrder) {
  Scratch scratch;
  SpillWriter writer(scratch / "s", 3, 16);
  std::string expected[3];
  for (int i = 0; i < 100; ++i) {
    const std::string record = "record " + std::to_string(i) + ";";
    writer.append(i % 3, record);
    expected[i % 3] += record;
  }
  writer.finish();
  const SpillReader reader(scratch / "s");
  for (int partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(reader.read_partition(partition), expected[partition]);
  }
  EXPECT_EQ(reader.num_records(0), 34);
}

TEST(Spill, PlaceFindsTheRecord) {
  Scratch scratch;
  SpillWriter writer(scratch / "s", 2, 64);
  std::vector<SpillPlace> places;
  for (int i = 0; i < 50; ++i) places.push_back(writer.append(i % 2, std::to_string(1000 + i)));
  writer.finish();
  const SpillReader reader(scratch / "s");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(reader.read(places[i].block).substr(places[i].offset, 4), std::to_string(1000 + i));
  }
}

TEST(Spill, FileIsNotThereBeforeItIsFinished) {
  Scratch scratch;
  {
    SpillWriter writer(scratch / "s", 1);
    writer.append(0, "lost");
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "s"));
}

TEST(Spill, EveryFlippedBitIsFound) {
  Scratch scratch;
  SpillWriter writer(scratch / "s", 1);
  writer.append(0, "some text");
  writer.finish();
  const std::string good = contents_of(scratch / "s");
  for (std::size_t byte = 0; byte < good.size(); ++byte) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 4);
    put_contents(scratch / "s", bad);
    EXPECT_THROW(SpillReader(scratch / "s").read_partition(0), Error) << byte;
  }
}

TEST(Spill, TruncatedFileIsRefused) {
  Scratch scratch;
  SpillWriter writer(scratch / "s", 1);
  writer.append(0, "text");
  writer.finish();
  const std::string good = contents_of(scratch / "s");
  for (std::size_t size = 0; size < good.size(); ++size) {
    put_contents(scratch / "s", good.substr(0, size));
    EXPECT_THROW(SpillReader(scratch / "s").read_partition(0), Error) << size;
  }
}

}  // namespace spill_test
}  // namespace switchyard::prepare
