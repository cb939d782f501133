// JSON as its writers make it: laid out in several ways, with values that the standard lacks.
#include <gtest/gtest.h>

#include "io/prepare/input/documents.h"
#include "tests/io/prepare/compressed.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace documents_of_json_test {

const std::string replacement = "\xEF\xBF\xBD";

struct Reading {
  std::vector<Document> documents;
  Problems problems;
  std::int64_t found = 0;

  std::int64_t count(Problem kind) const { return problems.count(kind); }
  std::string text() const { return documents.at(0).text; }
};

Reading read_named(const std::string& name, const std::string& bytes,
                   const TextFields& fields = {}) {
  const Scratch scratch;
  put_contents(scratch / name, bytes);
  Reading reading;
  reading.found = read_documents(
      {scratch / name, 0, std::ssize(bytes)}, {0, 0, std::ssize(bytes)}, fields, reading.problems,
      [&](Document&& document) { reading.documents.push_back(std::move(document)); });
  return reading;
}

Reading read_lines(const std::string& bytes) { return read_named("a.jsonl", bytes); }

TEST(DocumentsOfJson, APromptGoesBeforeTheTextAndIsMarked) {
  const Reading reading =
      read_named("a.jsonl",
                 R"({"prompt": "Say \u0000 it. ", "text": "No.", "date": "2020"})"
                 "\n"
                 R"({"prompt": "", "text": "Free."})"
                 "\n"
                 R"({"prompt": "Alone.", "text": " "})"
                 "\n"
                 R"({"text": "No prompt."})"
                 "\n",
                 {"text", "prompt"});
  ASSERT_EQ(reading.documents.size(), 2);
  EXPECT_EQ(reading.documents[0].text, "Say \xEF\xBF\xBD it. No.");
  EXPECT_EQ(reading.documents[0].meta, R"({"date":"2020","prompt_bytes":12})");
  EXPECT_EQ(reading.documents[0].hash, content_hash(reading.documents[0].text));
  EXPECT_EQ(reading.documents[1].meta, "");
  EXPECT_EQ(reading.problems.count(Problem::empty_document), 1);
  EXPECT_EQ(reading.problems.count(Problem::no_prompt_field), 1);
}

TEST(DocumentsOfJson, ByteOrderMarksOfJoinedFilesAreDropped) {
  const std::string part = "\xEF\xBB\xBF{\"text\":\"a\"}\n";
  EXPECT_EQ(read_lines(part + part).documents.size(), 2);
}

TEST(DocumentsOfJson, NumbersThatAreNoneCostNoDocument) {
  const Reading reading =
      read_lines("{\"text\":\"a\",\"quality\":NaN}\n{\"quality\":[-Infinity],\"text\":\"b\"}\n");
  EXPECT_EQ(reading.documents.size(), 2);
  EXPECT_EQ(reading.problems.json(), nlohmann::json::object());
}

TEST(DocumentsOfJson, LoneSurrogatesAreRepairedAndCounted) {
  const Reading reading =
      read_lines("{\"text\":\"a\\ud800z\"}\n{\"text\":\"b\",\"x\":\"\\udfff\"}\n");
  EXPECT_EQ(reading.text(), "a" + replacement + "z");
  EXPECT_EQ(reading.documents.size(), 2);
  EXPECT_EQ(reading.count(Problem::invalid_utf8), 1);
}

// A JSON array, pretty-printed or not, objects over several lines, JSON lines.
TEST(DocumentsOfJson, JsonIsReadHoweverItIsLaidOut) {
  const std::string one = "{\"text\": \"a\", \"id\": 1}", two = "{\"text\": \"b]\", \"id\": 2}";
  const std::string pretty =
      "{\n  \"text\": \"a\",\n  \"id\": 1\n}\n{\n  \"text\": \"b]\",\n  \"id\": 2\n}\n";
  for (const std::string& bytes :
       {"[" + one + ", " + two + "]", "[\n" + one + ",\n" + two + "\n]\n", pretty,
        "[" + pretty + "]", one + "\n" + two + "\n"}) {
    for (const std::string name : {"a.jsonl", "a.json", "A.NDJSON"}) {
      for (const Reading& reading :
           {read_named(name, bytes), read_named(name + ".gz", gzip_of(bytes))}) {
        ASSERT_EQ(reading.documents.size(), 2) << name << bytes;
        EXPECT_EQ(reading.found, 2);
        EXPECT_EQ(reading.documents[1].text, "b]");
        EXPECT_EQ(reading.documents[1].id, "2");
        EXPECT_EQ(reading.problems.json(), nlohmann::json::object());
      }
    }
  }
}

TEST(DocumentsOfJson, LinesOfUtf16AreRead) {
  std::string bytes = "\xFF\xFE";
  for (const char c : std::string("{\"text\":\"a\"}\r\n{\"text\":\"b\"}\r\n"))
    bytes += std::string{c, '\0'};
  const Reading reading = read_lines(bytes);
  ASSERT_EQ(reading.documents.size(), 2);
  EXPECT_EQ(reading.documents[1].text, "b");
  EXPECT_EQ(reading.problems.json(), nlohmann::json::object());
}

TEST(DocumentsOfJson, BadElementsOfAnArrayAreReportedByTheirLine) {
  const Reading reading = read_named("a.json", "[\n{\"text\":\"a\"},\n{\"text\":5},\n{\"text\"");
  EXPECT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.found, 3);
  const nlohmann::json problems = reading.problems.json();
  EXPECT_EQ(problems["no_text_field"]["first"][0]["line"], 3);
  EXPECT_EQ(problems["broken_json"]["first"][0]["line"], 4);
}

TEST(DocumentsOfJson, AFileWithoutAValueIsNamed) {
  for (const char* bytes : {"", "\n \n", "[]"}) {
    const Reading reading = read_lines(bytes);
    EXPECT_EQ(reading.found, 0);
    EXPECT_EQ(reading.count(Problem::empty_file), 1) << bytes;
  }
}

TEST(DocumentsOfJson, WhatGzipPassesOverIsNamed) {
  const std::string lines = "{\"text\":\"a\"}\n";
  const Reading reading = read_named("a.jsonl.gz", gzip_of(lines) + "garbage");
  EXPECT_EQ(reading.text(), "a");
  EXPECT_EQ(reading.count(Problem::trailing_garbage), 1);
  EXPECT_EQ(read_named("a.txt.gz", gzip_of("a") + "garbage").count(Problem::trailing_garbage), 1);
}

}  // namespace documents_of_json_test
}  // namespace switchyard::prepare
