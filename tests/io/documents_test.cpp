#include "io/documents.h"

#include <gtest/gtest.h>

#include "io/unicode.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

const std::string replacement = "\xEF\xBF\xBD";

struct Reading {
  std::vector<Document> documents;
  Problems problems;
  std::int64_t found = 0;
};

Reading read(const fs::path& file, const std::string& text_field = "text") {
  Reading reading;
  reading.found = read_documents(file, text_field, reading.problems, [&](Document&& document) {
    reading.documents.push_back(std::move(document));
  });
  return reading;
}

Reading read_text(const std::string& bytes) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", bytes);
  return read(scratch / "a.txt");
}

Reading read_lines(const std::string& bytes, const std::string& text_field = "text") {
  const Scratch scratch;
  put_contents(scratch / "a.jsonl", bytes);
  return read(scratch / "a.jsonl", text_field);
}

TEST(Documents, TextFileIsOneDocument) {
  const Reading reading = read_text("one\n\ntwo\n");
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.documents[0].text, "one\n\ntwo\n");
}

TEST(Documents, IdIsTheContentHashUnlessGiven) {
  const Reading reading =
      read_lines("{\"text\":\"x\"}\n{\"text\":\"x\",\"id\":\"mine\"}\n{\"text\":\"x\",\"id\":7}\n");
  ASSERT_EQ(reading.documents.size(), 3);
  EXPECT_EQ(reading.documents[0].id, content_hash("x").hex());
  EXPECT_EQ(reading.documents[1].id, "mine");
  EXPECT_EQ(reading.documents[2].id, "7");
}

TEST(Documents, TextFieldCanBeNamed) {
  const Reading reading = read_lines("{\"text\":\"no\",\"body\":\"yes\"}\n", "body");
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.documents[0].text, "yes");
}

TEST(Documents, LastLineNeedsNoNewline) {
  EXPECT_EQ(read_lines("{\"text\":\"a\"}\n{\"text\":\"b\"}").documents.size(), 2);
}

TEST(Documents, LinesMayBeLongerThanTheReadBuffer) {
  const std::string text(std::size_t{3} << 20, 'x');
  const std::string line = "{\"text\":\"" + text + "\"}\n";
  const Reading reading = read_lines(line + line);
  EXPECT_EQ(reading.found, 2);
  EXPECT_EQ(reading.documents.at(1).text, text);
}

TEST(Documents, BlankLinesAreNoDocuments) {
  EXPECT_EQ(read_lines("\n  \r\n{\"text\":\"a\"}\r\n\n").found, 1);
}

TEST(Documents, ByteOrderMarkIsDropped) {
  EXPECT_EQ(read_text("\xEF\xBB\xBFtext").documents.at(0).text, "text");
  EXPECT_EQ(read_lines("\xEF\xBB\xBF{\"text\":\"a\"}").documents.size(), 1);
}

TEST(Documents, InvalidUtf8IsRepairedAndCounted) {
  const Reading reading = read_text("a\xFFz\xE2\x82");
  EXPECT_EQ(reading.documents.at(0).text, "a" + replacement + "z" + replacement + replacement);
  EXPECT_EQ(reading.problems.count(Problem::invalid_utf8), 1);
}

TEST(Documents, SurrogatesAndOverlongFormsAreInvalid) {
  std::string surrogate = "\xED\xA0\x80", overlong = "\xC0\xAF", beyond = "\xF4\x90\x80\x80";
  EXPECT_TRUE(repair_utf8(surrogate));
  EXPECT_TRUE(repair_utf8(overlong));
  EXPECT_TRUE(repair_utf8(beyond));
}

TEST(Documents, InvalidUtf8InJsonIsRepaired) {
  const Reading reading = read_lines("{\"text\":\"a\xFFz\"}\n");
  EXPECT_EQ(reading.documents.at(0).text, "a" + replacement + "z");
}

TEST(Documents, EachBadLineIsReportedByItsNumber) {
  const Reading reading = read_lines(
      "{\"text\":\"good\"}\n{\"text\":\n[1]\n{\"other\":1}\n{\"text\":5}\n{\"text\":\" "
      "\\n\"}\n{\"text\":\"\\ud800\"}\n");
  EXPECT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.found, 7);
  const nlohmann::json problems = reading.problems.json();
  EXPECT_EQ(problems["broken_json"]["count"], 2);
  EXPECT_EQ(problems["broken_json"]["first"][0]["line"], 2);
  EXPECT_EQ(problems["no_text_field"]["count"], 3);
  EXPECT_EQ(problems["no_text_field"]["first"][0]["line"], 3);
  EXPECT_EQ(problems["empty_document"]["first"][0]["line"], 6);
}

TEST(Documents, DeeplyNestedJsonIsHarmless) {
  const std::string deep = std::string(2000000, '[');
  EXPECT_EQ(read_lines(deep + "\n").problems.count(Problem::broken_json), 1);
  const std::string closed = deep + std::string(2000000, ']');
  EXPECT_EQ(read_lines("{\"id\":" + closed + ",\"text\":\"a\"}\n").documents.size(), 1);
}

TEST(Documents, OnlyTheFirstPlacesAreKept) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "broken\n";
  const nlohmann::json problems = read_lines(lines).problems.json();
  EXPECT_EQ(problems["broken_json"]["count"], 100);
  EXPECT_EQ(problems["broken_json"]["first"].size(), Problems::num_places_kept);
}

TEST(Documents, TooLargeFileIsNotRead) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", "x");
  fs::resize_file(scratch / "a.txt", largest_document_bytes + 1);
  EXPECT_EQ(read(scratch / "a.txt").problems.count(Problem::too_large), 1);
}

TEST(Documents, TooLargeLineIsPassedOver) {
  const std::string large(static_cast<std::size_t>(largest_document_bytes + 1), 'x');
  const Reading reading = read_lines(large + "\n{\"text\":\"next\"}\n");
  EXPECT_EQ(reading.problems.count(Problem::too_large), 1);
  EXPECT_EQ(reading.documents.at(0).text, "next");
}

TEST(Documents, LinkToNothingIsAnUnreadableFile) {
  const Scratch scratch;
  fs::create_symlink(scratch / "missing", scratch / "a.txt");
  const auto files = find_documents({scratch.path()});
  ASSERT_EQ(files.size(), 1);
  EXPECT_EQ(read(files[0]).problems.count(Problem::unreadable_file), 1);
}

TEST(Documents, FolderIsSearchedAtAnyDepthInPathOrder) {
  const Scratch scratch;
  fs::create_directories(scratch / "b/c");
  put_contents(scratch / "z.md", "z");
  put_contents(scratch / "b/c/y.jsonl", "");
  put_contents(scratch / "a.txt", "a");
  put_contents(scratch / "ignored.html", "h");
  const std::vector<fs::path> expected = {scratch / "a.txt", scratch / "b/c/y.jsonl",
                                          scratch / "z.md"};
  EXPECT_EQ(find_documents({scratch.path(), scratch / "a.txt"}), expected);
}

TEST(Documents, MissingInputIsAnError) {
  const Thrown thrown = thrown_by([] { find_documents({"/no/such/file.txt"}); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("/no/such/file.txt"), std::string::npos);
}

TEST(Documents, FileOfAnotherKindIsAnError) {
  const Scratch scratch;
  put_contents(scratch / "a.html", "x");
  EXPECT_EQ(thrown_by([&] { find_documents({scratch / "a.html"}); }).code, Exit::usage);
}

}  // namespace
}  // namespace switchyard
