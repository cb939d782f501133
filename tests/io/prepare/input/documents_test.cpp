#include "io/prepare/input/documents.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/io/prepare/compressed.h"
#include "tests/io/scratch.h"
#include "tests/sanitized.h"

namespace switchyard::prepare {
namespace documents_test {

namespace fs = std::filesystem;

const std::string replacement = "\xEF\xBF\xBD";
const std::string nul(1, '\0');

struct Reading {
  std::vector<Document> documents;
  Problems problems;
  std::int64_t found = 0;

  std::int64_t count(Problem kind) const { return problems.count(kind); }
  std::string text() const { return documents.at(0).text; }
};

void read_part(const InputFile& file, const FilePart& part, Reading& reading,
               const TextFields& fields = {}) {
  reading.found += read_documents(file, part, fields, reading.problems, [&](Document&& document) {
    reading.documents.push_back(std::move(document));
  });
}

Reading read(const fs::path& path, const TextFields& fields = {}) {
  std::error_code ignored;
  const auto bytes = static_cast<std::int64_t>(fs::file_size(path, ignored));
  Reading reading;
  read_part({path, 0, bytes}, {0, 0, bytes}, reading, fields);
  return reading;
}

Reading read_named(const std::string& name, const std::string& bytes,
                   const TextFields& fields = {}) {
  const Scratch scratch;
  put_contents(scratch / name, bytes);
  return read(scratch / name, fields);
}

Reading read_text(const std::string& bytes) { return read_named("a.txt", bytes); }
Reading read_lines(const std::string& bytes) { return read_named("a.jsonl", bytes); }

TEST(Documents, TextFileIsOneDocument) {
  const Reading reading = read_text("one\n\ntwo\n");
  EXPECT_EQ(reading.found, 1);
  ASSERT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.text(), "one\n\ntwo\n");
}

TEST(Documents, LargeTextFileIsReadWhole) {
  std::string text;
  for (int i = 0; text.size() < 1000000; ++i) text += std::to_string(i);
  EXPECT_TRUE(read_text(text).text() == text);
}

TEST(Documents, CompressedFilesReadLikePlainOnes) {
  const std::string lines = "{\"text\":\"a\"}\n{\"text\":\"b\",\"id\":\"i\"}\n";
  for (const auto& [name, bytes] : {std::pair("a.jsonl", lines),
                                    {"a.jsonl.gz", gzip_of(lines)},
                                    {"a.jsonl.zst", zstd_of(lines)}}) {
    const Reading reading = read_named(name, bytes);
    ASSERT_EQ(reading.documents.size(), 2) << name;
    EXPECT_EQ(reading.documents[1].id, "i") << name;
    EXPECT_EQ(reading.documents[1].position, 13) << name;
  }
  EXPECT_EQ(read_named("a.md.gz", gzip_of("text")).text(), "text");
  EXPECT_EQ(read_named("a.txt.zst", zstd_of("text")).text(), "text");
}

TEST(Documents, IdIsTheContentHashUnlessGiven) {
  const Reading reading =
      read_lines("{\"text\":\"x\"}\n{\"text\":\"x\",\"id\":\"mine\"}\n{\"text\":\"x\",\"id\":7}\n");
  ASSERT_EQ(reading.documents.size(), 3);
  EXPECT_EQ(reading.documents[0].id, content_hash("x").hex());
  EXPECT_EQ(reading.documents[1].id, "mine");
  EXPECT_EQ(reading.documents[2].id, "7");
}

TEST(Documents, KnowWhereTheyCameFrom) {
  const Scratch scratch;
  put_contents(scratch / "a.jsonl", "{\"text\":\"x\",\"url\":\"u\",\"source\":\"s\"}\n");
  Reading reading;
  read_part({scratch / "a.jsonl", 0, 38}, {5, 0, 38}, reading);
  EXPECT_EQ(reading.documents.at(0).file, 5);
  EXPECT_EQ(reading.documents.at(0).url, "u");
  EXPECT_EQ(reading.documents.at(0).meta, "{\"source\":\"s\"}");
}

TEST(Documents, TextFieldCanBeNamed) {
  EXPECT_EQ(read_named("a.jsonl", "{\"text\":\"no\",\"body\":\"yes\"}\n", "body").text(), "yes");
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
  EXPECT_EQ(read_text("\xEF\xBB\xBFtext").text(), "text");
  EXPECT_EQ(read_lines("\xEF\xBB\xBF{\"text\":\"a\"}").documents.size(), 1);
}

TEST(Documents, InvalidUtf8IsRepairedAndCounted) {
  const Reading reading = read_text("a\xFFz\xE2\x82");
  EXPECT_EQ(reading.text(), "a" + replacement + "z" + replacement + replacement);
  EXPECT_EQ(reading.count(Problem::invalid_utf8), 1);
}

TEST(Documents, InvalidUtf8InJsonIsRepaired) {
  EXPECT_EQ(read_lines("{\"text\":\"a\xFFz\"}\n").text(), "a" + replacement + "z");
}

TEST(Documents, HashIsOfTheRepairedText) {
  EXPECT_EQ(read_text("a\xFF").documents.at(0).hash, content_hash("a" + replacement));
}

TEST(Documents, NulsAreReplacedAndCountedOnce) {
  const std::vector<Reading> readings = {read_text("a" + nul + nul + "z"),
                                         read_lines("{\"text\":\"a" + nul + nul + "z\"}\n"),
                                         read_lines("{\"text\":\"a\\u0000\\u0000z\"}\n")};
  for (const Reading& reading : readings) {
    EXPECT_EQ(reading.text(), "a" + replacement + replacement + "z");
    EXPECT_EQ(reading.count(Problem::nul_bytes), 1);
  }
}

TEST(Documents, NulsInAnIdAreReplaced) {
  EXPECT_EQ(read_lines("{\"text\":\"a\",\"id\":\"i\\u0000\"}\n").documents.at(0).id,
            "i" + replacement);
}

TEST(Documents, EmptyTextFileIsAnEmptyDocument) {
  for (const Reading& reading : {read_text(""), read_text(" \n\t")}) {
    EXPECT_EQ(reading.found, 1);
    EXPECT_EQ(reading.count(Problem::empty_document), 1);
    EXPECT_TRUE(reading.documents.empty());
  }
}

TEST(Documents, EachBadLineIsReportedByItsNumber) {
  const Reading reading = read_lines(
      "{\"text\":\"good\"}\n{\"text\":\n[1]\n{\"other\":1}\n{\"text\":5}\n{\"text\":\" "
      "\\n\"}\n");
  EXPECT_EQ(reading.documents.size(), 1);
  EXPECT_EQ(reading.found, 6);
  const nlohmann::json problems = reading.problems.json();
  EXPECT_EQ(problems["broken_json"]["count"], 1);
  EXPECT_EQ(problems["broken_json"]["first"][0]["line"], 2);
  EXPECT_EQ(problems["broken_json"]["first"][0]["byte"], 16);
  EXPECT_EQ(problems["no_text_field"]["count"], 3);
  EXPECT_EQ(problems["no_text_field"]["first"][0]["line"], 3);
  EXPECT_EQ(problems["empty_document"]["first"][0]["line"], 6);
}

TEST(Documents, DeeplyNestedJsonIsHarmless) {
  const std::string deep = std::string(2000000, '[');
  EXPECT_EQ(read_lines(deep + "\n").count(Problem::broken_json), 1);
  const std::string closed = deep + std::string(2000000, ']');
  EXPECT_EQ(read_lines("{\"id\":" + closed + ",\"text\":\"a\"}\n").documents.size(), 1);
}

TEST(Documents, TooLargeFileIsNotReadWhole) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", "x");
  fs::resize_file(scratch / "a.txt", std::uintmax_t{1} << 40);
  const Reading reading = read(scratch / "a.txt");
  EXPECT_EQ(reading.found, 1);
  EXPECT_EQ(reading.count(Problem::too_large), 1);
}

TEST(Documents, TextOfTheLimitIsRead) {
  EXPECT_EQ(read_text(std::string(largest_document_bytes, 'x')).documents.size(), 1);
  EXPECT_EQ(read_text(std::string(largest_document_bytes + 1, 'x')).documents.size(), 0);
}

TEST(Documents, TextThatRepairsMakeTooLargeIsDropped) {
  const Reading reading = read_text(std::string(largest_document_bytes / 2, '\xFF'));
  EXPECT_EQ(reading.count(Problem::too_large), 1);
  EXPECT_EQ(reading.count(Problem::invalid_utf8), 0);
}

TEST(Documents, TooLargeLineIsPassedOver) {
  const std::string large(static_cast<std::size_t>(largest_document_bytes + 1), 'x');
  const Reading reading = read_lines(large + "\n{\"text\":\"next\"}\n");
  EXPECT_EQ(reading.count(Problem::too_large), 1);
  EXPECT_EQ(reading.text(), "next");
}

// The peak of this process's memory grows by less than the bomb holds. Tests before this one may
// have raised it already, so the bomb is larger than anything they read.
TEST(Documents, DecompressionBombIsCountedInBoundedMemory) {
  std::string bomb;
  const std::string part = zstd_of(std::string(std::size_t{64} << 20, 'x'));
  for (int i = 0; i < (sanitized ? 20 : 32); ++i) bomb += part;  // 2 GiB, or 1.25 GiB
  bomb += zstd_of("\n{\"text\":\"next\"}\n");
  const Reading reading = read_named("a.jsonl.zst", bomb);
  EXPECT_EQ(reading.count(Problem::too_large), 1);
  EXPECT_EQ(reading.text(), "next");
  EXPECT_EQ(read_named("a.txt.zst", bomb).count(Problem::too_large), 1);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 1024 * 1024);  // KiB
}

TEST(Documents, LinesBeforeTheEndOfATruncatedArchiveStay) {
  std::string lines;
  for (int i = 0; i < 10000; ++i) lines += "{\"text\":\"line " + std::to_string(i * 7919) + "\"}\n";
  for (const auto& [name, bytes] :
       {std::pair("a.jsonl.gz", gzip_of(lines)), {"a.jsonl.zst", zstd_of(lines)}}) {
    const Reading reading = read_named(name, bytes.substr(0, bytes.size() * 3 / 4));
    EXPECT_GT(reading.documents.size(), 1000) << name;
    EXPECT_EQ(reading.found, std::ssize(reading.documents)) << name;
    EXPECT_EQ(reading.count(Problem::corrupt_archive), 1) << name;
    EXPECT_EQ(reading.problems.json()["corrupt_archive"]["first"][0]["line"], reading.found + 1);
  }
}

TEST(Documents, TextOfADamagedArchiveIsDropped) {
  const std::string bytes = gzip_of("some text");
  const Reading reading = read_named("a.txt.gz", bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(reading.found, 0);
  EXPECT_TRUE(reading.documents.empty());
  EXPECT_EQ(reading.count(Problem::corrupt_archive), 1);
}

TEST(Documents, LinkToNothingIsAnUnreadableFile) {
  const Scratch scratch;
  for (const char* name : {"a.txt", "a.jsonl", "a.txt.gz", "a.jsonl.zst"}) {
    fs::create_symlink(scratch / "missing", scratch / name);
    const Reading reading = read(scratch / name);
    EXPECT_EQ(reading.count(Problem::unreadable_file), 1) << name;
    EXPECT_EQ(reading.problems.json()["unreadable_file"]["first"][0].size(), 1) << name;
  }
}

// Lines of many lengths, blank ones, bad ones and a byte order mark.
std::string lines_of_all_kinds() {
  std::string lines = "\xEF\xBB\xBF";
  for (int i = 0; i < 60; ++i) {
    lines += "{\"text\":\"" + std::to_string(i) + std::string(i * 7 % 23, 'x') + "\"}\n";
    if (i % 5 == 0) lines += i % 2 == 0 ? "\n" : "\r\n";
    if (i % 7 == 0) lines += "broken\n";
  }
  return lines + "{\"text\":\"without a newline\"}";
}

std::vector<std::pair<std::int64_t, std::string>> places_and_texts(const Reading& reading) {
  std::vector<std::pair<std::int64_t, std::string>> result;
  for (const Document& document : reading.documents) {
    result.emplace_back(document.position, document.text);
  }
  return result;
}

TEST(Documents, AnyCutGivesEachLineOnceAndTheSameReport) {
  const Scratch scratch;
  const std::string lines = lines_of_all_kinds();
  put_contents(scratch / "a.jsonl", lines);
  const InputFile file{scratch / "a.jsonl", 0, std::ssize(lines)};
  const Reading whole = read(file.path);
  ASSERT_EQ(whole.documents.size(), 61);
  for (const std::int64_t step : {1, 2, 3, 7, 16, 20, 100, 1000}) {
    Reading cut;
    for (std::int64_t begin = 0; begin < file.bytes; begin += step) {
      read_part(file, {0, begin, std::min(begin + step, file.bytes)}, cut);
    }
    EXPECT_EQ(places_and_texts(cut), places_and_texts(whole)) << step;
    EXPECT_EQ(cut.found, whole.found) << step;
    EXPECT_EQ(cut.problems.json(), whole.problems.json()) << step;
  }
}

}  // namespace documents_test
}  // namespace switchyard::prepare
