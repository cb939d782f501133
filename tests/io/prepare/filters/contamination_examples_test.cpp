#include "io/prepare/filters/contamination_examples.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <utility>
#include <vector>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace contamination_examples_test {

using Examples = std::vector<std::pair<std::string, std::int64_t>>;

Examples read(const std::filesystem::path& file) {
  Examples examples;
  read_examples(
      file, [&](const std::string& text, std::int64_t line) { examples.emplace_back(text, line); });
  return examples;
}

Examples read_as(const std::string& name, const std::string& bytes) {
  const Scratch scratch;
  put_contents(scratch / name, bytes);
  return read(scratch / name);
}

TEST(ContaminationExamples, TextFileIsOneExample) {
  EXPECT_EQ(read_as("a.txt", "one\n\ntwo\n"), (Examples{{"one\n\ntwo\n", 0}}));
  EXPECT_EQ(read_as("a.md", "x"), (Examples{{"x", 0}}));
}

TEST(ContaminationExamples, EveryStringOfALineIsPartOfOneExample) {
  EXPECT_EQ(
      read_as("a.jsonl",
              "{\"question\":\"q\",\"id\":7,\"choices\":[\"b\",{\"deep\":\"a\"}],\"ok\":true}\n"
              "\n[\"list\"]\n\"alone\"\n{}\n"),
      (Examples{{"q\nb\na", 1}, {"list", 3}, {"alone", 4}, {"", 5}}));
}

TEST(ContaminationExamples, ElementsOfAnArrayAreExamples) {
  EXPECT_EQ(read_as("a.json", "[{\"q\": \"a\"},\n \"b\\\"c\"]"), (Examples{{"a", 1}, {"b\"c", 2}}));
}

TEST(ContaminationExamples, NumbersThatAreNoneCostNothing) {
  EXPECT_EQ(read_as("a.jsonl", "{\"score\":NaN,\"q\" : \"a\"}\n"), (Examples{{"a", 1}}));
}

TEST(ContaminationExamples, InvalidUtf8IsRepaired) {
  EXPECT_EQ(read_as("a.txt", "a\xFFz"), (Examples{{"a\xEF\xBF\xBDz", 0}}));
  EXPECT_EQ(read_as("a.jsonl", "\"a\xFFz\""), (Examples{{"a\xEF\xBF\xBDz", 1}}));
}

TEST(ContaminationExamples, CompressedFilesAreRead) {
  const Scratch scratch;
  const std::string path = scratch / "a.jsonl.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzputs(file, "\"one\"\n\"two\"\n");
  gzclose(file);
  EXPECT_EQ(read(path), (Examples{{"one", 1}, {"two", 2}}));
}

TEST(ContaminationExamples, BrokenLineIsAnErrorThatNamesIt) {
  const Thrown thrown = thrown_by([] { read_as("a.jsonl", "\"fine\"\n{\"broken\n"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("line 2"), std::string::npos) << thrown.message;
}

TEST(ContaminationExamples, DeepNestingIsHarmless) {
  const std::string deep(1000000, '[');
  EXPECT_EQ(read_as("a.jsonl", deep + "\"x\"" + std::string(1000000, ']')), (Examples{{"x", 1}}));
  EXPECT_EQ(thrown_by([&] { read_as("a.jsonl", deep); }).code, Exit::data);
}

TEST(ContaminationExamples, DamagedArchiveIsAnError) {
  EXPECT_EQ(thrown_by([] { read_as("a.txt.gz", "not gzip"); }).code, Exit::data);
}

TEST(ContaminationExamples, MissingAndOtherFilesAreErrors) {
  EXPECT_EQ(thrown_by([] { read("/no/such/file.txt"); }).code, Exit::usage);
  EXPECT_EQ(thrown_by([] { read_as("a.parquet", "x"); }).code, Exit::usage);
  EXPECT_EQ(thrown_by([] { read_as("a.parquet.gz", "x"); }).code, Exit::usage);
}

}  // namespace contamination_examples_test
}  // namespace switchyard::prepare
