#include "io/prepare/stages/cut_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace switchyard::prepare {
namespace cut_keys_test {

std::string sixty_words() {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word" + std::to_string(i) + (i % 20 == 19 ? "\n" : " ");
  return text;
}

DedupConfig config(bool lines, bool paragraphs, bool spans) {
  DedupConfig dedup;
  dedup.lines = lines;
  dedup.paragraphs = paragraphs;
  dedup.spans = spans;
  return dedup;
}

TEST(CutKeys, OnlyOfWhatIsCut) {
  EXPECT_TRUE(cut_keys_of(sixty_words(), config(false, false, false)).empty());
  EXPECT_EQ(cut_keys_of(sixty_words(), config(true, false, false)).size(), 2U * 3);
  EXPECT_EQ(cut_keys_of(sixty_words(), config(false, true, false)).size(), 2U);
  EXPECT_FALSE(cut_keys_of(sixty_words(), config(false, false, true)).empty());
}

TEST(CutKeys, KindsDoNotMeet) {
  const std::string line = "one line that is a paragraph as well\n";
  std::vector<std::uint64_t> lines = cut_keys_of(line, config(true, false, false));
  const std::vector<std::uint64_t> paragraphs = cut_keys_of(line, config(false, true, false));
  lines.insert(lines.end(), paragraphs.begin(), paragraphs.end());
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(cut_keys_of(line, config(true, true, false)), lines);
  EXPECT_EQ(lines.size(), 4U);
}

TEST(CutKeys, EachOnce) {
  const std::string twice = sixty_words() + "\f\n" + sixty_words();
  const DedupConfig all = config(true, true, true);
  EXPECT_EQ(cut_keys_of(twice, all), cut_keys_of(sixty_words(), all));
}

}  // namespace cut_keys_test
}  // namespace switchyard::prepare
