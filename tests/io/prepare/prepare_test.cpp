#include "io/prepare/prepare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>
#include "io/prepare/stages/tokenizer_choice.h"
#include "io/tokens/token_store.h"

#include "io/loader/row_table.h"
#include "tests/io/prepare/prepare_fixture.h"

namespace switchyard::prepare {
namespace prepare_test {

TEST_F(PrepareTest, KeptSetIsTheDefinition) {
  const auto documents = test_corpus(200, 1);
  const Config run = prepared(documents, "out");
  const auto kept = ids_of(kept_documents(run.output));
  EXPECT_EQ(kept, ids_by_definition(documents));
  EXPECT_LT(kept.size(), documents.size() * 3 / 4);
}

TEST_F(PrepareTest, RanksChangeNoByte) {
  const auto documents = test_corpus(200, 2);
  const Config run = prepared(documents, "out");
  if (test_world().rank() == 0) {
    const auto alone = make_single_comm();
    Config other = run;
    other.output = folder_ / "alone";
    prepare_dataset(other, *alone);
    EXPECT_EQ(bytes_below(run.output), bytes_below(other.output));
  }
}

TEST_F(PrepareTest, UnitsOfTheInputChangeNoToken) {
  const Config whole = prepared(test_corpus(200, 13), "whole");
  Config cut = whole;
  cut.output = folder_ / "cut";
  cut.unit_bytes = 5000;
  const Report report = prepare_dataset(cut, test_world());
  EXPECT_EQ(bytes_below(cut.output / tokens_folder), bytes_below(whole.output / tokens_folder));
  EXPECT_EQ(report.contents, nlohmann::json::parse(contents_of(whole.output / report_file)));
}

TEST_F(PrepareTest, OrderOfTheInputChangesNoToken) {
  auto documents = test_corpus(200, 3);
  const Config one = prepared(documents, "one");
  std::reverse(documents.begin(), documents.end());
  const Config other = prepared(documents, "other");
  EXPECT_EQ(bytes_below(one.output / tokens_folder), bytes_below(other.output / tokens_folder));
}

TEST_F(PrepareTest, AppendEqualsOneRun) {
  const auto documents = test_corpus(200, 4);
  const auto middle = documents.begin() + std::ssize(documents) / 2;
  const std::string a = put("a.jsonl", json_lines({documents.begin(), middle}));
  const std::string b = put("b.jsonl", json_lines({middle, documents.end()}));
  Config both = config(a, "both");
  both.recipe.sources.push_back({"input", "unknown", {b}, "text", 1});
  prepare_dataset(both, test_world());

  Config first = config(a, "appended");
  prepare_dataset(first, test_world());
  const auto before = bytes_below(first.output / documents_folder);
  Config second = config(b, "appended");
  second.append = true;
  EXPECT_FALSE(prepare_dataset(second, test_world()).already_prepared);

  auto after = bytes_below(second.output);
  EXPECT_EQ(after, bytes_below(both.output));
  for (const auto& [name, bytes] : before) {
    if (name != manifest_name) {
      EXPECT_EQ(after["documents/" + name], bytes) << name;
    }
  }
}

TEST_F(PrepareTest, AppendingTheSameAgainAddsNothing) {
  const auto documents = test_corpus(50, 5);
  Config run = prepared(documents, "out");
  const auto before = bytes_below(run.output);
  run.append = true;
  EXPECT_TRUE(prepare_dataset(run, test_world()).already_prepared);
  EXPECT_EQ(bytes_below(run.output), before);
}

TEST_F(PrepareTest, KeptDocumentsAreKeptAgain) {
  const auto documents = test_corpus(200, 6);
  const Config run = prepared(documents, "out");
  std::vector<TestDocument> kept;
  for (const KeptDocument& document : kept_documents(run.output)) {
    kept.push_back({document.text, document.id, document.url});
  }
  const Config again = prepared(kept, "again");
  EXPECT_EQ(kept_documents(again.output).size(), kept.size());
}

TEST_F(PrepareTest, EveryRemovalNamesAKeptDocumentThatVerifies) {
  const auto documents = test_corpus(200, 7);
  std::map<std::string, const TestDocument*> by_id;
  for (const TestDocument& document : documents) by_id[document.id] = &document;
  const Config run = prepared(documents, "out");
  std::map<ContentHash, KeptDocument> kept;
  for (KeptDocument& document : kept_documents(run.output)) kept[document.hash] = document;
  const DocumentStore store(run.output);
  std::size_t num_removed = 0;
  for (const RemovedShard& shard : store.removed) {
    for (std::int64_t i = 0; i < shard.size(); ++i, ++num_removed) {
      const RemovedDocument removed = shard.document(i);
      ASSERT_TRUE(kept.contains(removed.keeper)) << removed.id;
      const KeptDocument& keeper = kept[removed.keeper];
      const TestDocument& original = *by_id[removed.id];
      if (removed.reason == RemovalReason::exact) {
        EXPECT_EQ(normalized(keeper.text), normalized(original.text));
      }
      if (removed.reason == RemovalReason::url) {
        EXPECT_EQ(keeper.url, original.url);
      }
      if (removed.reason == RemovalReason::near_duplicate) {
        const double likeness = jaccard(shingles_of(keeper.text), shingles_of(original.text));
        EXPECT_FLOAT_EQ(removed.jaccard, static_cast<float>(likeness));
        EXPECT_GE(likeness, 0.7);
      }
    }
  }
  EXPECT_EQ(num_removed + kept.size(), documents.size());
}

TEST_F(PrepareTest, ShortDocumentsGoOnlyAsExactCopies) {
  const std::vector<TestDocument> documents = {
      {"one", "a", ""}, {"two", "b", ""}, {"one two", "c", ""}, {"One  TWO", "d", ""}};
  const Config run = prepared(documents, "out");
  EXPECT_EQ(kept_documents(run.output).size(), 3U);
}

TEST_F(PrepareTest, TurnedOffStagesRemoveNothing) {
  const auto documents = test_corpus(100, 8);
  Config run = config(put("in.jsonl", json_lines(documents)), "out");
  parse_dedup("none", run.dedup);
  prepare_dataset(run, test_world());
  EXPECT_EQ(kept_documents(run.output).size(), documents.size());
}

TEST_F(PrepareTest, SecondRunLeavesTheDatasetAlone) {
  const auto documents = test_corpus(50, 9);
  const Config run = prepared(documents, "out");
  const auto before = bytes_below(run.output);
  EXPECT_TRUE(prepare_dataset(run, test_world()).already_prepared);
  EXPECT_EQ(bytes_below(run.output), before);
}

TEST_F(PrepareTest, OtherDocumentsAreRefused) {
  Config run = prepared(test_corpus(50, 10), "out");
  const auto before = bytes_below(run.output / tokens_folder);
  run.recipe.sources[0].inputs = {put("other.jsonl", json_lines(test_corpus(50, 11)))};
  EXPECT_THROW(prepare_dataset(run, test_world()), Error);
  EXPECT_EQ(bytes_below(run.output / tokens_folder), before);
}

TEST_F(PrepareTest, RetokenizingKeepsTheDocuments) {
  Config run = prepared(test_corpus(200, 12), "out");
  const auto before = bytes_below(run.output / documents_folder);
  run.retokenize = true;
  run.recipe.sources.clear();
  run.tokenizer = "sentencepiece:300";
  EXPECT_FALSE(prepare_dataset(run, test_world()).already_prepared);
  EXPECT_EQ(bytes_below(run.output / documents_folder), before);
  EXPECT_EQ(TokenStore(run.output).tokenizer()->kind(), "sentencepiece");
}

// Whatever tokens they become: a tokenizer may lose some of the text.
TEST_F(PrepareTest, CountsTheBytesOfTheTextOfEachSourceAndSplit) {
  Config run = config(put("a.jsonl", json_lines(test_corpus(100, 14))), "out");
  const std::string b = put("b.jsonl", json_lines(test_corpus(100, 15)));
  run.recipe.sources.push_back({"other", "unknown", {b}, "text", 0});
  run.validation_fraction = 0.3;
  run.tokenizer = "sentencepiece:300";
  prepare_dataset(run, test_world());
  const TokenStore store(run.output);
  std::map<std::string, std::vector<SourceCounts>> expected;
  for (const char* split : {"train", "validation"}) expected[split].resize(2);
  for (const KeptDocument& document : kept_documents(run.output)) {
    const bool validation = is_validation(document.hash, run.validation_fraction);
    SourceCounts& counts = expected[validation ? "validation" : "train"][document.source];
    ++counts.documents;
    counts.text_bytes += std::ssize(document.text);
    counts.tokens += 1 + std::ssize(store.tokenizer()->encode(document.text));
  }
  for (const auto& [split, counts] : expected) {
    EXPECT_EQ(store.source_counts(split), counts) << split;
    EXPECT_EQ(store.num_text_bytes(split), counts[0].text_bytes + counts[1].text_bytes);
  }
}

// Bytes are tokens: what has a loss are the answers and the ends of the documents.
TEST_F(PrepareTest, PromptsAreMarkedInTheTokens) {
  std::string lines;
  std::int64_t answer_bytes = 0;
  constexpr int num_documents = 40;
  for (int i = 0; i < num_documents; ++i) {
    const std::string prompt = fmt::format("Question {}: what is {} times {}?", i, i, i + 1);
    const std::string answer = fmt::format(" It is {}, said number {}.", i * (i + 1), i);
    lines += nlohmann::json({{"question", prompt}, {"text", answer}}).dump() + "\n";
    answer_bytes += std::ssize(answer);
  }
  Config run = config(put("asked.jsonl", lines), "asked");
  run.dedup.near_duplicates = false;
  run.recipe.sources[0].prompt_field = "question";
  prepare_dataset(run, test_world());
  on_root(test_world(), [&] {
    const TokenStore store(run.output);
    std::int64_t targets = 0, tokens = 0;
    for (const char* split : {"train", "validation"}) {
      if (store.num_tokens(split) == 0) continue;
      RowTable rows(store, split, {4096, LossOn::response});
      targets += rows.num_targets();
      tokens += rows.num_tokens();
    }
    EXPECT_EQ(targets, answer_bytes + num_documents);
    EXPECT_EQ(tokens, store.num_tokens("train") + store.num_tokens("validation"));
  });
  run.output = folder_ / "cut";
  run.dedup.lines = true;
  EXPECT_THROW(prepare_dataset(run, test_world()), Error);
}

TEST_F(PrepareTest, SourcesGoByPriority) {
  const std::string a = put("a.jsonl", json_lines({{"the very same text", "from-a", ""}}));
  const std::string b = put("b.jsonl", json_lines({{"The very same text", "from-b", ""}}));
  Config run = config(b, "out");
  run.recipe.sources = {{"b", "CC0-1.0", {b}, "text", 0}, {"a", "MIT", {a}, "text", 0}};
  prepare_dataset(run, test_world());
  EXPECT_EQ(ids_of(kept_documents(run.output)), std::vector<std::string>{"from-b"});
}

TEST_F(PrepareTest, NothingLeftToTrainOnIsAnError) {
  Config run = config(put("in.jsonl", "{\"text\": \" \"}\n{}\n"), "out");
  try {
    prepare_dataset(run, test_world());
    ADD_FAILURE() << "an empty dataset was committed";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), Exit::data);
    for (const char* reason :
         {"of 2 that came in", "(empty_document)", "(no_text_field)", "in.jsonl"}) {
      EXPECT_NE(message.find(reason), std::string::npos) << message;
    }
  }
  test_world().barrier();
  EXPECT_FALSE(std::filesystem::exists(run.output));
}

}  // namespace prepare_test
}  // namespace switchyard::prepare
