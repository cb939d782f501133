#include "io/prepare/input/problems.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace problems_test {

using Json = nlohmann::json;

Place line_at(std::int64_t byte) { return {byte, 0, byte + 1}; }

TEST(Problems, NothingWrongIsAnEmptyObject) { EXPECT_EQ(Problems().json(), Json::object()); }

TEST(Problems, PlaceIsFileLineAndByte) {
  Problems problems;
  problems.add(Problem::broken_json, "a.jsonl", {70, 0, 3});
  const Json expected = {{"count", 1},
                         {"files", {{"a.jsonl", 1}}},
                         {"first", {{{"file", "a.jsonl"}, {"line", 3}, {"byte", 70}}}}};
  EXPECT_EQ(problems.json()["broken_json"], expected);
}

TEST(Problems, WholeFileHasNoLine) {
  Problems problems;
  problems.add(Problem::unreadable_file, "a.txt", {});
  EXPECT_EQ(problems.json()["unreadable_file"]["first"][0], (Json{{"file", "a.txt"}}));
}

TEST(Problems, UnreadableFileCountsOnceHoweverItWasCut) {
  Problems one, other;
  one.add(Problem::unreadable_file, "a.jsonl", {199, 200, 1});
  other.add(Problem::unreadable_file, "a.jsonl", {});
  other.add(Problem::unreadable_file, "b.jsonl", {});
  one.merge(Problems::from_state(other.state()));
  const Json expected = {{"count", 2},
                         {"files", {{"a.jsonl", 1}, {"b.jsonl", 1}}},
                         {"first", {{{"file", "a.jsonl"}}, {{"file", "b.jsonl"}}}}};
  EXPECT_EQ(one.json()["unreadable_file"], expected);
}

TEST(Problems, AnyFileNameCanBePrinted) {
  Problems problems;
  problems.add(Problem::unreadable_file, "a\xFF.txt", {});
  EXPECT_EQ(problems.json()["unreadable_file"]["first"][0]["file"], "a\xEF\xBF\xBD.txt");
}

TEST(Problems, FirstPlacesAreTheSmallestWhateverTheOrder) {
  Problems problems;
  for (std::int64_t i = 100; i-- > 0;) problems.add(Problem::too_large, "a", line_at(i));
  const Json result = problems.json()["too_large"];
  EXPECT_EQ(result["count"], 100);
  ASSERT_EQ(result["first"].size(), Problems::num_places_kept);
  EXPECT_EQ(result["first"][0]["byte"], 0);
  EXPECT_EQ(result["first"][19]["byte"], 19);
}

TEST(Problems, CountsOfTheFirstFilesAreWholeWhateverTheOrder) {
  Problems problems;
  for (int i = 0; i < 200; ++i) {
    problems.add(Problem::too_large, std::to_string(1000 + i * 7 % 50), line_at(i));
  }
  const Json files = problems.json()["too_large"]["files"];
  ASSERT_EQ(files.size(), Problems::num_files_kept);
  EXPECT_EQ(files.begin().key(), "1000");
  for (const auto& [file, count] : files.items()) EXPECT_EQ(count, 4) << file;
}

// Datasets of before the last kinds keep an account without them.
TEST(Problems, AnOlderAccountIsRead) {
  Problems problems;
  problems.add(Problem::too_large, "a", line_at(3));
  Json state = problems.state();
  while (state["kinds"].size() > 8) state["kinds"].erase(8);
  for (Json& kind : state["kinds"]) kind.erase("files");
  EXPECT_EQ(Problems::from_state(state).count(Problem::too_large), 1);
}

TEST(Problems, LinesOfPartsBeforeAreAddedUp) {
  Problems problems;
  problems.add_part("a", 0, 100, 7);
  problems.add_part("a", 100, 200, 5);
  problems.add_part("a", 200, 300, 9);
  problems.add(Problem::broken_json, "a", {230, 200, 2});
  EXPECT_EQ(problems.json()["broken_json"]["first"][0]["line"], 14);
}

TEST(Problems, NoLineWithoutThePartsBefore) {
  Problems problems;
  problems.add_part("a", 100, 200, 5);
  problems.add_part("a", 200, 300, 9);
  problems.add(Problem::broken_json, "a", {230, 200, 2});
  EXPECT_FALSE(problems.json()["broken_json"]["first"][0].contains("line"));
}

TEST(Problems, MergingInAnyOrderGivesTheSame) {
  std::mt19937 random(3);
  std::vector<Problems> parts(8);
  for (int i = 0; i < 500; ++i) {
    const std::string file(1, static_cast<char>('a' + random() % 5));
    const auto kind = static_cast<Problem>(random() % static_cast<unsigned>(Problem::num_kinds));
    parts[random() % parts.size()].add(kind, file, line_at(random() % 1000));
  }
  for (int i = 0; i < 8; ++i) parts[i].add_part("a", i * 10, i * 10 + 10, i);
  std::vector<Json> outcomes;
  for (int round = 0; round < 10; ++round) {
    Problems all;
    for (const Problems& part : parts) all.merge(part);
    outcomes.push_back(all.state());
    std::shuffle(parts.begin(), parts.end(), random);
  }
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), outcomes[0]), 10);
}

TEST(Problems, StateReadsBackTheSame) {
  Problems problems;
  problems.add(Problem::nul_bytes, "a\xFF", {70, 60, 3});
  problems.add(Problem::corrupt_archive, "b.gz", {});
  problems.add_part("a\xFF", 0, 60, 4);
  const Problems copy = Problems::from_state(Json::parse(problems.state().dump()));
  EXPECT_EQ(copy.state(), problems.state());
  EXPECT_EQ(copy.json(), problems.json());
  EXPECT_EQ(copy.json()["nul_bytes"]["first"][0]["line"], 7);
}

TEST(Problems, DamagedStateIsAnError) {
  for (const Json& bad : {Json(), Json(3), Json{{"kinds", 1}}, Json{{"kinds", Json::array()}}}) {
    EXPECT_EQ(thrown_by([&] { Problems::from_state(bad); }).code, Exit::data) << bad;
  }
}

}  // namespace problems_test
}  // namespace switchyard::prepare
