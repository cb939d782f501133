#include "io/prepare/input/file_kind.h"

#include <gtest/gtest.h>

namespace switchyard::prepare {
namespace file_kind_test {

TEST(FileKind, NameSaysHowItIsCompressed) {
  EXPECT_EQ(compression_of("a.txt"), Compression::none);
  EXPECT_EQ(compression_of("a.txt.gz"), Compression::gzip);
  EXPECT_EQ(compression_of("a.jsonl.zst"), Compression::zstd);
  EXPECT_EQ(compression_of("A.TXT.GZ"), Compression::gzip);
}

TEST(FileKind, NameSaysWhatItHolds) {
  EXPECT_EQ(content_of("a.txt"), Content::text);
  EXPECT_EQ(content_of("README.MD"), Content::text);
  EXPECT_EQ(content_of("PART2.JSONL"), Content::lines);
  EXPECT_EQ(content_of("a.ndjson.zst"), Content::lines);
  EXPECT_EQ(content_of("c4-train.00000-of-00001.json.gz"), Content::json);
  for (const char* other :
       {"a", ".txt", "a.gz", "a.csv.gz", "a.txt.bz2", "a.parquet", "a.jsonl.gz.gz"}) {
    EXPECT_EQ(content_of(other), Content::other) << other;
  }
}

}  // namespace file_kind_test
}  // namespace switchyard::prepare
