#include "io/prepare/input/problem_words.h"

#include <gtest/gtest.h>

#include "io/prepare/input/problems.h"

namespace switchyard::prepare {
namespace problem_words_test {

TEST(ProblemWords, NothingWrongIsNothingToSay) {
  EXPECT_TRUE(problems_in_words(Problems().json()).empty());
}

TEST(ProblemWords, SayHowManyWhyWhereAndWhatToDo) {
  Problems problems;
  problems.add(Problem::too_large, "stories.txt", {});
  for (int i = 0; i < 5; ++i) problems.add(Problem::broken_json, "b.jsonl", {i, 0, i + 1});
  problems.add(Problem::broken_json, "a.jsonl", {});
  const auto sentences = problems_in_words(problems.json());
  ASSERT_EQ(sentences.size(), 2);
  EXPECT_EQ(sentences[0],
            "1 document left out for being over 64 MiB (too_large): stories.txt; cut it into "
            "shorter documents, such as JSON lines");
  EXPECT_EQ(sentences[1],
            "6 lines left out for not being JSON (broken_json): a.jsonl, b.jsonl (5)");
}

TEST(ProblemWords, NameTheFirstFewFiles) {
  Problems problems;
  for (char name = 'a'; name < 'z'; ++name) {
    problems.add(Problem::skipped_file, std::string(1, name) + ".bin", {});
  }
  EXPECT_NE(problems_in_words(problems.json())[0].find("a.bin, b.bin, c.bin, and others"),
            std::string::npos);
}

TEST(ProblemWords, FileNamesAreHarmless) {
  Problems problems;
  problems.add(Problem::empty_file, "\x1b[31m.jsonl", {});
  EXPECT_EQ(problems_in_words(problems.json())[0],
            "1 file without a document (empty_file): \\x1b[31m.jsonl");
}

TEST(ProblemWords, EveryKindHasWords) {
  Problems problems;
  for (int kind = 0; kind < static_cast<int>(Problem::num_kinds); ++kind) {
    problems.add(static_cast<Problem>(kind), "a", {});
  }
  EXPECT_EQ(problems_in_words(problems.json()).size(), static_cast<int>(Problem::num_kinds));
}

}  // namespace problem_words_test
}  // namespace switchyard::prepare
