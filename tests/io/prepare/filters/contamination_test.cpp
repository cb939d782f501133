#include "io/prepare/filters/contamination.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace contamination_test {

std::string numbered(const std::string& stem, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + stem + std::to_string(i);
  return text;
}

const std::string example =
    "One two three four five six seven eight nine ten eleven twelve thirteen.";
const std::string clean(1000, 'c');  // a word

struct Applied {
  ContaminationVerdict verdict;
  std::string text;
};

// Decontamination against evaluation files of the given texts.
class Evaluation {
 public:
  explicit Evaluation(const std::vector<std::string>& texts,
                      ContaminationStyle style = ContaminationStyle::gpt3, double share = 0.8) {
    ContaminationConfig config{{}, style, share};
    for (const std::string& text : texts) {
      config.evaluation.push_back(scratch_ / (std::to_string(config.evaluation.size()) + ".txt"));
      put_contents(config.evaluation.back(), text);
    }
    contamination_ = std::make_unique<Contamination>(config);
  }

  Applied apply(std::string text) const {
    const ContaminationVerdict verdict = contamination_->apply(text);
    return {verdict, text};
  }
  const Contamination& operator*() const { return *contamination_; }
  const Contamination* operator->() const { return contamination_.get(); }

 private:
  Scratch scratch_;
  std::unique_ptr<Contamination> contamination_;
};

TEST(Contamination, CleanTextStays) {
  const Evaluation evaluation({example});
  const Applied applied = evaluation.apply(numbered("word", 100));
  EXPECT_FALSE(applied.verdict.removed);
  EXPECT_FALSE(applied.verdict.changed);
  EXPECT_EQ(applied.verdict.hits, 0);
  EXPECT_EQ(applied.verdict.example, "");
  EXPECT_EQ(applied.text, numbered("word", 100));
}

TEST(Contamination, HitGoesWith200CharactersOnEitherSide) {
  const Applied applied = Evaluation({example}).apply(clean + " " + example + " " + clean);
  EXPECT_TRUE(applied.verdict.changed);
  EXPECT_EQ(applied.verdict.hits, 1);
  // Of the 200, one is the space, and behind the hit another the full stop.
  EXPECT_EQ(applied.text, std::string(801, 'c') + "\n\f\n" + std::string(802, 'c'));
}

TEST(Contamination, CharactersAreCodePoints) {
  std::string accents;
  for (int i = 0; i < 500; ++i) accents += "é";
  const Applied applied = Evaluation({example}).apply(accents + " " + example + " " + accents);
  EXPECT_EQ(applied.text.size(), 2 * 301 + 3 + 2 * 302);
}

TEST(Contamination, HitAtTheStartOrTheEndLeavesOnePiece) {
  const Evaluation evaluation({example});
  EXPECT_EQ(evaluation.apply(example + " " + clean).text, std::string(802, 'c'));
  EXPECT_EQ(evaluation.apply(clean + " " + example).text, std::string(801, 'c'));
}

TEST(Contamination, CaseAndPunctuationDoNotHide) {
  const Evaluation evaluation({example});
  const std::string shouted =
      "ONE, TWO -- three\nFOUR five six seven (eight) nine ten eleven twelve \"thirteen\"";
  EXPECT_EQ(evaluation.apply(clean + " " + shouted).verdict.hits, 1);
}

TEST(Contamination, TwelveWordsOfALongExampleAreNoHit) {
  const std::string twelve = example.substr(0, example.find(" thirteen"));
  EXPECT_EQ(Evaluation({example}).apply(clean + " " + twelve).verdict.hits, 0);
}

TEST(Contamination, PiecesBelow200CharactersGo) {
  const Evaluation evaluation({example});
  const auto between = [&](std::size_t size) {
    return evaluation.apply(clean + " " + example + " " + std::string(size, 'm') + " " + example +
                            " " + clean);
  };
  // The windows take 198 and 199 of them.
  EXPECT_EQ(between(597).text.find(std::string(200, 'm')), 801 + 3);
  EXPECT_EQ(between(596).text, std::string(801, 'c') + "\n\f\n" + std::string(802, 'c'));
}

TEST(Contamination, DocumentOfWhichNothingStaysIsRemoved) {
  const Applied applied = Evaluation({example}).apply("Short. " + example);
  EXPECT_TRUE(applied.verdict.removed);
  EXPECT_FALSE(applied.verdict.changed);
  EXPECT_EQ(applied.text, "Short. " + example);
}

TEST(Contamination, MoreThanTenHitsRemoveTheDocument) {
  const Evaluation evaluation({example});
  const auto with_hits = [&](int count) {
    std::string text = clean;
    for (int i = 0; i < count; ++i) text += " " + example + " " + clean;
    return evaluation.apply(text).verdict;
  };
  EXPECT_FALSE(with_hits(10).removed);
  EXPECT_TRUE(with_hits(10).changed);
  EXPECT_TRUE(with_hits(11).removed);
  EXPECT_EQ(with_hits(11).hits, 11);
}

TEST(Contamination, NgramsThatOverlapAreOneHit) {
  const std::string passage = numbered("word", 60);
  const Applied applied = Evaluation({passage}).apply(clean + " " + passage + " " + clean);
  EXPECT_EQ(applied.verdict.hits, 1);
  EXPECT_EQ(applied.text, std::string(801, 'c') + "\n\f\n" + std::string(801, 'c'));
}

TEST(Contamination, ExampleOfEightWordsIsFoundWhole) {
  const Evaluation evaluation({numbered("word", 8)});
  EXPECT_EQ(evaluation.apply(clean + " " + numbered("word", 9)).verdict.hits, 1);
  EXPECT_EQ(evaluation.apply(clean + " " + numbered("word", 7)).verdict.hits, 0);
}

TEST(Contamination, ExampleOfSevenWordsIsIgnoredAndCounted) {
  const Evaluation evaluation({numbered("word", 7), example});
  EXPECT_EQ(evaluation->num_examples(), 1);
  EXPECT_EQ(evaluation->num_ignored(), 1);
  EXPECT_EQ(evaluation.apply(clean + " " + numbered("word", 7)).verdict.hits, 0);
}

TEST(Contamination, NothingIsFoundAcrossABoundary) {
  std::string split = example;
  split.replace(split.find(" seven"), 1, "\n\f\n");
  EXPECT_EQ(Evaluation({example}).apply(clean + " " + split).verdict.hits, 0);
}

TEST(Contamination, WhatStaysStays) {
  const Evaluation evaluation({example});
  const std::string once = evaluation.apply(clean + " " + example + " " + clean).text;
  EXPECT_EQ(evaluation.apply(once).text, once);
}

TEST(Contamination, VerdictNamesTheLineOfTheExample) {
  const Scratch scratch;
  const std::filesystem::path file = scratch / "eval.jsonl";
  put_contents(
      file, "\"short\"\n{\"q\":\"" + numbered("other", 20) + "\"}\n{\"q\":\"" + example + "\"}\n");
  std::string text = clean + " " + example;
  EXPECT_EQ(Contamination({{file}}).apply(text).example, file.string() + ":3");
}

TEST(Contamination, EmptyEvaluationIsAnError) {
  EXPECT_EQ(thrown_by([] { Evaluation({"too short"}); }).code, Exit::data);
  EXPECT_EQ(thrown_by([] { Contamination({{"/no/such/file.txt"}}); }).code, Exit::usage);
}

TEST(Contamination, HashDependsOnTheExamplesAndNotOnTheirOrder) {
  for (const auto style : {ContaminationStyle::gpt3, ContaminationStyle::llama3}) {
    const std::string hash = Evaluation({example, numbered("word", 20)}, style)->hash();
    EXPECT_EQ(hash.size(), 32);
    EXPECT_EQ(Evaluation({numbered("word", 20), example}, style)->hash(), hash);
    EXPECT_NE(Evaluation({example}, style)->hash(), hash);
  }
}

TEST(Contamination, HashDependsOnTheConfig) {
  const std::string gpt3 = Evaluation({example})->hash();
  const std::string llama3 = Evaluation({example}, ContaminationStyle::llama3)->hash();
  EXPECT_NE(llama3, gpt3);
  EXPECT_NE(Evaluation({example}, ContaminationStyle::llama3, 0.7)->hash(), llama3);
}

// Ten words, of which the document holds so many in a row.
ContaminationVerdict llama3_verdict(int num_words, double share) {
  const Evaluation evaluation({numbered("word", 10)}, ContaminationStyle::llama3, share);
  return evaluation.apply("before " + numbered("word", num_words) + " after").verdict;
}

TEST(Contamination, Llama3RemovesAtTheShareOfAnExample) {
  EXPECT_TRUE(llama3_verdict(8, 0.8).removed);
  EXPECT_FALSE(llama3_verdict(8, 0.81).removed);
  EXPECT_TRUE(llama3_verdict(9, 0.9).removed);
  EXPECT_FALSE(llama3_verdict(7, 0.1).removed);
  EXPECT_FALSE(llama3_verdict(9, 0.9).changed);
}

TEST(Contamination, Llama3SharesAreOfOneExample) {
  const Evaluation evaluation({numbered("word", 20), numbered("other", 20)},
                              ContaminationStyle::llama3, 0.8);
  EXPECT_FALSE(
      evaluation.apply(numbered("word", 15) + " " + numbered("other", 15)).verdict.removed);
  const ContaminationVerdict verdict = evaluation.apply(numbered("other", 16)).verdict;
  EXPECT_TRUE(verdict.removed);
  EXPECT_EQ(verdict.hits, 1);
  EXPECT_NE(verdict.example.find("1.txt"), std::string::npos);
}

TEST(Contamination, Llama3ShareMustBeAShare) {
  for (const double share : {0.0, -1.0, 1.1}) {
    EXPECT_EQ(thrown_by([&] { Evaluation({example}, ContaminationStyle::llama3, share); }).code,
              Exit::usage);
  }
}

}  // namespace contamination_test
}  // namespace switchyard::prepare
