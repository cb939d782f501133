// What prepare makes of unusual inputs: pipes, files that change, other datasets' tokenizers.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "io/prepare/stages/tokenizer_choice.h"
#include "io/tokens/token_store.h"
#include "runtime/comm/agree.h"
#include "tests/io/prepare/prepare_fixture.h"

namespace switchyard::prepare {
namespace prepare_inputs_test {

class PrepareInputs : public PrepareTest {};

TEST_F(PrepareInputs, FilesThatAreNotReadAreInTheReport) {
  on_root(test_world(), [&] {
    std::filesystem::create_directory(folder_ / "in");
    put_contents(folder_ / "in/a.jsonl", json_lines(test_corpus(20, 14)));
    put_contents(folder_ / "in/b.csv", "x");
  });
  const Report report = prepare_dataset(config((folder_ / "in").string(), "out"), test_world());
  const nlohmann::json problem = report.contents["problems"]["skipped_file"];
  EXPECT_EQ(problem["count"], 1);
  EXPECT_EQ(problem["files"].begin().key(), (folder_ / "in/b.csv").string());
}

TEST_F(PrepareInputs, APipeGivesWhatItsFileGives) {
  const auto documents = test_corpus(200, 15);
  const Config whole = prepared(documents, "whole");
  const Config piped = config((folder_ / "pipe").string(), "piped");
  std::thread writer;
  on_root(test_world(), [&] {
    mkfifo((folder_ / "pipe").c_str(), 0600);
    writer = std::thread([&] { put_contents(folder_ / "pipe", json_lines(documents)); });
  });
  prepare_dataset(piped, test_world());
  if (writer.joinable()) writer.join();
  EXPECT_EQ(bytes_below(piped.output / tokens_folder), bytes_below(whole.output / tokens_folder));
  EXPECT_EQ(contents_of(piped.output / report_file), contents_of(whole.output / report_file));
}

TEST_F(PrepareInputs, WorkOnAFileThatHasChangedIsDoneAgain) {
  auto documents = test_corpus(200, 16);
  const Config run = config(put("in.jsonl", json_lines(documents)), "out");
  const auto interrupt = [](const Status& status) {
    require(status.stage != "order", "interrupted");
  };
  EXPECT_THROW(prepare_dataset(run, test_world(), interrupt), Error);
  for (TestDocument& document : documents) {
    std::replace(document.text.begin(), document.text.end(), 'w', 'x');
  }
  put("in.jsonl", json_lines(documents));
  std::string said;
  prepare_dataset(run, test_world(), [&](const Status& status) { said += status.stage + "\n"; });
  const bool is_said = said.find("in.jsonl changed") != std::string::npos;
  EXPECT_EQ(is_said, test_world().rank() == 0) << said;
  const Config fresh = config((folder_ / "in.jsonl").string(), "fresh");
  prepare_dataset(fresh, test_world());
  EXPECT_EQ(bytes_below(run.output), bytes_below(fresh.output));
}

TEST_F(PrepareInputs, ATestSetIsAllValidation) {
  Config run = config(put("in.jsonl", json_lines(test_corpus(50, 17))), "out");
  run.validation_fraction = 1.0;
  prepare_dataset(run, test_world());
  const TokenStore store(run.output);
  EXPECT_EQ(store.num_documents("train"), 0);
  EXPECT_EQ(store.num_documents("validation"), std::ssize(kept_documents(run.output)));
  run.output = folder_ / "learned";
  run.tokenizer = "sentencepiece:300";
  EXPECT_THROW(prepare_dataset(run, test_world()), Error);  // there is nothing to learn from
}

TEST_F(PrepareInputs, ATokenizerOfAnotherDatasetIsUsed) {
  Config learned = config(put("a.jsonl", json_lines(test_corpus(200, 18))), "a");
  learned.tokenizer = "sentencepiece:300";
  prepare_dataset(learned, test_world());
  const std::string hash = TokenStore(learned.output).tokenizer_hash();
  Config other = config(put("b.jsonl", json_lines(test_corpus(50, 19))), "b");
  other.tokenizer = learned.output.string();
  other.tokenizer_model = TokenStore(learned.output).tokenizer()->serialized();
  prepare_dataset(other, test_world());
  EXPECT_EQ(TokenStore(other.output).tokenizer_hash(), hash);
  learned.tokenizer_model = other.tokenizer_model;
  learned.tokenizer = "it by another name";
  EXPECT_TRUE(prepare_dataset(learned, test_world()).already_prepared);
}

}  // namespace prepare_inputs_test
}  // namespace switchyard::prepare
