#include "io/prepare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "io/committed_folder.h"
#include "io/content_hash.h"
#include "io/token_store.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> texts(int count) {
  std::vector<std::string> made;
  for (int i = 0; i < count; ++i) {
    made.push_back("Document " + std::to_string(i) +
                   " of the yard: the train leaves, signals turn.\n");
  }
  return made;
}

std::string lines_of(const std::vector<std::string>& documents) {
  std::string lines;
  for (const std::string& text : documents) lines += nlohmann::json{{"text", text}}.dump() + "\n";
  return lines;
}

std::map<std::string, std::string> bytes_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename()] = contents_of(entry.path());
  }
  return files;
}

std::vector<std::string> decoded(const fs::path& folder, const std::string& split) {
  TokenStore store(folder);
  const auto tokenizer = store.tokenizer();
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(store.num_tokens(split)));
  store.read(split, 0, tokens);
  std::vector<std::string> documents;
  for (auto at = tokens.begin(); at != tokens.end();) {
    EXPECT_EQ(*at, store.boundary_token());
    const auto end = std::find(at + 1, tokens.end(), store.boundary_token());
    documents.push_back(tokenizer->decode(std::vector<std::int32_t>(at + 1, end)));
    at = end;
  }
  return documents;
}

class PrepareTest : public testing::Test {
 protected:
  PrepareConfig config(const std::string& lines, const std::string& output = "out") {
    put_contents(scratch_ / "in.jsonl", lines);
    return {.inputs = {scratch_ / "in.jsonl"}, .output = scratch_ / output};
  }
  Scratch scratch_;
};

TEST_F(PrepareTest, EveryDocumentIsThereWordForWord) {
  for (const char* tokenizer : {"bytes", "sentencepiece:300"}) {
    PrepareConfig run = config(lines_of(texts(200)), tokenizer);
    run.tokenizer = tokenizer;
    prepare(run);
    auto found = decoded(run.output, "train"), validation = decoded(run.output, "validation");
    EXPECT_FALSE(validation.empty());
    found.insert(found.end(), validation.begin(), validation.end());
    auto expected = texts(200);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(found, expected);
  }
}

TEST_F(PrepareTest, OrderAndFileNamesChangeNoByte) {
  std::vector<std::string> documents = texts(100);
  documents.push_back(documents[3]);
  documents.push_back("DOCUMENT 5 of the yard:  the train leaves, signals turn.");
  for (const char* tokenizer : {"bytes", "sentencepiece:300"}) {
    PrepareConfig one = config(lines_of(documents), std::string("one-") + tokenizer);
    one.tokenizer = tokenizer;
    prepare(one);
    std::reverse(documents.begin(), documents.end());
    const fs::path folder = scratch_ / "folder";
    fs::create_directory(folder);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      put_contents(folder / (std::to_string(i) + ".txt"), documents[i]);
    }
    PrepareConfig other = one;
    other.inputs = {folder};
    other.output = scratch_ / (std::string("other-") + tokenizer);
    prepare(other);
    EXPECT_EQ(bytes_of(one.output), bytes_of(other.output));
  }
}

TEST_F(PrepareTest, DuplicatesAreRemovedAndCounted) {
  std::vector<std::string> documents = texts(50);
  documents.push_back(documents[7]);
  documents.push_back(documents[8] + "  \n");
  const PrepareReport report = prepare(config(lines_of(documents) + "broken\n"));
  EXPECT_EQ(report.contents["documents"]["in"], 53);
  EXPECT_EQ(report.contents["documents"]["out"], 50);
  EXPECT_EQ(report.contents["exact_duplicates"]["removed"], 2);
  EXPECT_EQ(report.contents["problems"]["broken_json"]["first"][0]["line"], 53);
}

TEST_F(PrepareTest, ReportIsInTheFolder) {
  const PrepareReport report = prepare(config(lines_of(texts(20))));
  EXPECT_EQ(nlohmann::json::parse(contents_of(scratch_ / "out/report.json")), report.contents);
}

TEST_F(PrepareTest, SplitOfADocumentDependsOnItAlone) {
  prepare(config(lines_of(texts(400)), "all"));
  prepare(config(lines_of(texts(200)), "half"));
  const auto all = decoded(scratch_ / "all", "validation");
  const auto half = decoded(scratch_ / "half", "validation");
  EXPECT_GT(all.size(), half.size());
  for (const std::string& text : half)
    EXPECT_NE(std::find(all.begin(), all.end(), text), all.end());
}

TEST_F(PrepareTest, EmptyValidationSplitIsFine) {
  PrepareConfig run = config(lines_of(texts(20)));
  run.validation_fraction = 0.0;
  EXPECT_EQ(prepare(run).contents["split"]["validation"], 0);
  EXPECT_EQ(TokenStore(run.output).num_tokens("validation"), 0);
}

TEST_F(PrepareTest, EmptyTrainSplitIsAnError) {
  PrepareConfig run = config(lines_of({"one"}));
  run.validation_fraction = 0.999999;
  EXPECT_EQ(thrown_by([&] { prepare(run); }).code, Exit::data);
  EXPECT_FALSE(fs::exists(run.output));
}

TEST_F(PrepareTest, NoUsableDocumentIsAnError) {
  EXPECT_EQ(thrown_by([&] { prepare(config("{}\nbroken\n")); }).code, Exit::data);
}

TEST_F(PrepareTest, SameRunAgainWritesNothing) {
  const PrepareConfig run = config(lines_of(texts(20)));
  const PrepareReport first = prepare(run);
  const auto time = fs::last_write_time(run.output / manifest_name);
  const PrepareReport second = prepare(run);
  EXPECT_FALSE(first.already_prepared);
  EXPECT_TRUE(second.already_prepared);
  EXPECT_EQ(first.contents, second.contents);
  EXPECT_EQ(fs::last_write_time(run.output / manifest_name), time);
}

TEST_F(PrepareTest, AnotherRecipeIsRefusedByName) {
  PrepareConfig run = config(lines_of(texts(20)));
  prepare(run);
  const auto before = bytes_of(run.output);
  run.validation_fraction = 0.1;
  const Thrown thrown = thrown_by([&] { prepare(run); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("validation_fraction"), std::string::npos) << thrown.message;
  EXPECT_EQ(thrown_by([&] { prepare(config(lines_of(texts(21)))); }).code, Exit::usage);
  EXPECT_EQ(bytes_of(run.output), before);
}

TEST_F(PrepareTest, LeftoverOfAnInterruptedRunIsSwept) {
  const PrepareConfig run = config(lines_of(texts(20)));
  fs::create_directory(run.output);
  put_contents(run.output / "train-00007.h5", "half");
  put_contents(run.output / "manifest.json.tmp", "{");
  EXPECT_EQ(thrown_by([&] { TokenStore store(run.output); }).code, Exit::data);
  prepare(run);
  EXPECT_FALSE(fs::exists(run.output / "train-00007.h5"));
  EXPECT_GT(TokenStore(run.output).num_tokens("train"), 0);
}

TEST_F(PrepareTest, FolderWithOtherFilesIsLeftAlone) {
  const PrepareConfig run = config(lines_of(texts(20)));
  fs::create_directory(run.output);
  put_contents(run.output / "thesis.txt", "years of work");
  EXPECT_EQ(thrown_by([&] { prepare(run); }).code, Exit::usage);
  EXPECT_EQ(contents_of(run.output / "thesis.txt"), "years of work");
}

TEST_F(PrepareTest, FullDiskLeavesNothing) {
  const PrepareConfig run = config(lines_of(texts(2000)));
  Thrown thrown;
  {
    const FileSizeLimit limit(20000);
    thrown = thrown_by([&] { prepare(run); });
  }
  EXPECT_EQ(thrown.code, Exit::storage) << thrown.message;
  EXPECT_FALSE(fs::exists(run.output));
}

TEST_F(PrepareTest, OptionsThatCannotWorkAreUsageErrors) {
  const PrepareConfig good = config(lines_of(texts(20)));
  PrepareConfig bad[] = {good, good, good, good, good, good};
  bad[0].inputs = {scratch_ / "missing"};
  bad[1].tokenizer = "words";
  bad[2].tokenizer = "sentencepiece:many";
  bad[3].tokenizer = "sentencepiece:12";
  bad[4].validation_fraction = 1.0;
  bad[5].inputs.clear();
  for (const PrepareConfig& run : bad) {
    EXPECT_EQ(thrown_by([&] { prepare(run); }).code, Exit::usage);
    EXPECT_FALSE(fs::exists(run.output));
  }
}

TEST_F(PrepareTest, LearnedModelServesAgain) {
  PrepareConfig run = config(lines_of(texts(100)), "learned");
  run.tokenizer = "sentencepiece:300";
  prepare(run);
  PrepareConfig again = run;
  again.tokenizer = (run.output / tokenizer_file).string();
  again.output = scratch_ / "again";
  prepare(again);
  EXPECT_EQ(contents_of(run.output / "train-00000.h5"),
            contents_of(again.output / "train-00000.h5"));
}

}  // namespace
}  // namespace switchyard
