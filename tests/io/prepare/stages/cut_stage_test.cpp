#include "io/prepare/stages/cut_stage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/folder/committed_folder.h"
#include "io/prepare/stages/cut_keys.h"
#include "tests/io/prepare/read_documents.h"
#include "tests/io/prepare/stages/brute_cuts.h"
#include "tests/io/prepare/store/documents_layer.h"
#include "tests/rank_test.h"

namespace switchyard::prepare {
namespace cut_stage_test {

using Texts = std::vector<std::string>;

DedupConfig config(bool lines, bool paragraphs, bool spans) {
  DedupConfig dedup;
  dedup.lines = lines;
  dedup.paragraphs = paragraphs;
  dedup.spans = spans;
  return dedup;
}
const DedupConfig lines = config(true, false, false), paragraphs = config(false, true, false),
                  spans = config(false, false, true), everything = config(true, true, true);

std::string words(const std::string& stem, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i > 0 ? " " : "") + stem + std::to_string(i);
  return text;
}

struct Outcome {
  Texts texts, left;  // in canonical order
  std::vector<std::vector<Cut>> cuts;
  nlohmann::json tally;
};

Outcome run(ReadDocuments& read, const Texts& texts, EarlierDocuments& earlier,
            const std::vector<std::size_t>& duplicates = {}) {
  Outcome outcome;
  Decisions decisions;
  decisions.removed = Bitmap(read.order().count());
  for (const std::size_t number : read.numbers()) {
    if (std::find(duplicates.begin(), duplicates.end(), number) != duplicates.end()) {
      decisions.removed.set(std::ssize(outcome.texts));
    }
    outcome.texts.push_back(texts[number]);
  }
  outcome.tally = run_cut_stage(read.job(), read.order(), read.documents(), decisions, earlier);
  outcome.cuts.resize(outcome.texts.size());
  for (int partition = 0; partition < read.job().partitions.count(); ++partition) {
    for (auto& [ordinal, cuts] : load_cuts(read.job(), partition)) {
      outcome.cuts.at(static_cast<std::size_t>(ordinal)) = std::move(cuts);
    }
  }
  for (std::size_t i = 0; i < outcome.texts.size(); ++i) {
    outcome.left.push_back(without(outcome.texts[i], outcome.cuts[i]));
  }
  return outcome;
}

Outcome cut(const DedupConfig& dedup, const Texts& texts, int num_partitions = 8) {
  ReadDocuments read(test_world(), dedup, texts, num_partitions);
  EarlierDocuments nothing;
  return run(read, texts, nothing);
}

template <class Brute>
std::vector<std::vector<Cut>> brute_cuts(Brute brute, const Texts& texts) {
  std::vector<std::vector<Cut>> cuts;
  for (const std::string& text : texts) cuts.push_back(brute(text));
  return cuts;
}

// The texts that have `part` still.
std::int64_t count_with(const Texts& texts, const std::string& part) {
  return std::count_if(texts.begin(), texts.end(), [&](const std::string& text) {
    return text.find(part) != std::string::npos;
  });
}

TEST(CutStage, RepeatedLineStaysInTheFirstDocumentOnly) {
  const Texts texts = {"One is here.\nAll rights reserved by the author.\nThe end of one.\n",
                       "Two is here.\n all rights RESERVED by the author\r\nThe end of two.\n",
                       "Three is here.\nAll rights reserved, by the author!\nThe end of three."};
  const Outcome outcome = cut(lines, texts);
  EXPECT_EQ(outcome.left[0], outcome.texts[0]);
  for (std::size_t i : {1U, 2U}) {
    const std::string& text = outcome.texts[i];
    EXPECT_EQ(outcome.left[i],
              text.substr(0, text.find('\n') + 1) + cut_mark + text.substr(text.find("The end")));
  }
}

TEST(CutStage, LineStaysAboveTheSameLine) {
  const Outcome outcome = cut(lines, {"a b c d e\nx\na b c d e\n"});
  EXPECT_EQ(outcome.left.at(0), std::string("a b c d e\nx\n") + cut_mark);
}

TEST(CutStage, LineOfFourWordsMayRepeat) {
  const Outcome outcome = cut(lines, {"a b c d\na b c d\n", "a b c d\n"});
  EXPECT_EQ(outcome.left, outcome.texts);
}

TEST(CutStage, RepeatedParagraphIsCutWhateverItsLines) {
  const Texts texts = {"first\n\none two three\nfour five\n\nlast\n",
                       "begin\n\none two\nthree four five\n\nend\n"};
  const Outcome outcome = cut(paragraphs, texts);
  EXPECT_EQ(outcome.left[0], outcome.texts[0]);
  EXPECT_EQ(count_with(outcome.left, "one"), 1);
  EXPECT_EQ(count_with(outcome.left, std::string("\n\n") + cut_mark + "\n"), 1);
}

TEST(CutStage, SpanOfFiftyWordsIsCutAndOneOfFortyNineIsNot) {
  const Texts texts = {"P0. " + words("s", 50) + ". Q0", "P1, " + words("s", 50) + "! Q1",
                       "P2, " + words("t", 49) + "! Q2", "P3, " + words("t", 49) + "! Q3"};
  const Outcome outcome = cut(spans, texts);
  EXPECT_EQ(count_with(outcome.left, words("s", 50)), 1);
  EXPECT_EQ(count_with(outcome.left, words("t", 49)), 2);
  EXPECT_EQ(count_with(outcome.left, std::string(" ") + cut_mark), 1);
}

TEST(CutStage, NoSpanReachesOverAFormFeed) {
  const std::string half = words("a", 30), rest = words("b", 30);
  const Outcome outcome = cut(spans, {"x " + half + "\f" + rest, "y " + half + " \f " + rest});
  EXPECT_EQ(outcome.left, outcome.texts);
  EXPECT_EQ(count_with(cut(spans, {"x " + half + " " + rest, "y " + half + " " + rest}).left, half),
            1);
}

TEST(CutStage, DocumentThatGoesKeepsNothingFromOthers) {
  const Texts texts = {"one two three four five\n", "One two three four five.\n"};
  for (const std::size_t duplicate : {0U, 1U}) {
    ReadDocuments read(test_world(), lines, texts);
    EarlierDocuments nothing;
    const Outcome outcome = run(read, texts, nothing, {duplicate});
    EXPECT_EQ(outcome.left, outcome.texts);
  }
}

TEST(CutStage, TallyCountsAndShowsExamples) {
  const std::string line = "All rights reserved by the author.\n";
  Texts texts;
  for (int i = 0; i < 10; ++i) texts.push_back(line + std::to_string(i) + "\n" + line);
  const nlohmann::json tally = cut(lines, texts).tally;
  EXPECT_EQ(tally.size(), 1U);
  EXPECT_EQ(tally["lines"]["cut"], 19);
  EXPECT_EQ(tally["lines"]["bytes_cut"], 19 * std::ssize(line));
  EXPECT_EQ(tally["lines"]["documents"], 10);
  EXPECT_EQ(tally["lines"]["examples"].size(), 3U);
  EXPECT_EQ(tally["lines"]["examples"][0]["excerpt"], line);
  EXPECT_FALSE(tally["lines"]["examples"][0]["id"].get<std::string>().empty());
}

TEST(CutStage, NothingHappensWhenItIsOff) {
  const Outcome outcome = cut(DedupConfig{}, {"a b c d e\na b c d e\n"});
  EXPECT_EQ(outcome.tally, nlohmann::json::object());
  EXPECT_EQ(outcome.left, outcome.texts);
}

TEST(CutStage, EqualsBruteForce) {
  for (const int num_partitions : {1, 16}) {
    const Texts texts = repetitive_texts(static_cast<unsigned>(num_partitions), 120);
    const Outcome by_span = cut(spans, texts, num_partitions);
    EXPECT_EQ(by_span.cuts, brute_cuts(BruteSpans(), by_span.texts));
    EXPECT_GT(by_span.tally["spans"]["cut"], 0);
    const Outcome by_line = cut(lines, texts, num_partitions);
    EXPECT_EQ(by_line.cuts, brute_cuts(BruteUnits(false), by_line.texts));
    const Outcome by_paragraph = cut(paragraphs, texts, num_partitions);
    EXPECT_EQ(by_paragraph.cuts, brute_cuts(BruteUnits(true), by_paragraph.texts));
    EXPECT_GT(by_paragraph.tally["paragraphs"]["cut"], 0);
  }
}

TEST(CutStage, ResultHoldsNothingTwiceAndARunOfItCutsNothing) {
  for (const unsigned seed : {10U, 11U}) {
    const Outcome outcome = cut(everything, repetitive_texts(seed, 120));
    const std::vector<std::vector<Cut>> none(outcome.left.size());
    EXPECT_EQ(brute_cuts(BruteSpans(), outcome.left), none);
    EXPECT_EQ(brute_cuts(BruteUnits(false), outcome.left), none);
    EXPECT_EQ(brute_cuts(BruteUnits(true), outcome.left), none);
    EXPECT_EQ(cut(everything, outcome.left).cuts, none);
  }
}

TEST(CutStage, WorkThatIsDoneIsNotDoneAgain) {
  const Texts texts = repetitive_texts(20, 40);
  ReadDocuments read(test_world(), everything, texts);
  EarlierDocuments nothing;
  const Outcome first = run(read, texts, nothing);
  test_world().barrier();  // all have loaded the files that go
  on_root(test_world(), [&] {
    for (const char* lost : {"lines-cuts", "spans-repeats"}) {
      std::filesystem::remove(read.job().file(lost, 0));
    }
    std::filesystem::last_write_time(read.job().file("seeds", 0), {});
  });
  const Outcome second = run(read, texts, nothing);
  EXPECT_EQ(second.cuts, first.cuts);
  EXPECT_EQ(second.tally, first.tally);
  EXPECT_EQ(std::filesystem::last_write_time(read.job().file("seeds", 0)),
            std::filesystem::file_time_type{});
}

// An output that holds `texts` as one generation, with an index in two files.
void write_generation(const std::filesystem::path& dataset, const DedupConfig& dedup,
                      const Texts& texts) {
  const std::filesystem::path folder = dataset / documents_folder;
  std::filesystem::create_directories(folder);
  std::vector<KeptDocument> documents;
  std::vector<std::vector<IndexedKey>> keys(2);
  for (const std::string& text : texts) {
    for (const std::uint64_t key : cut_keys_of(text, dedup)) {
      keys[key >> 63].push_back({key, static_cast<std::uint32_t>(documents.size())});
    }
    documents.push_back(kept_document(std::to_string(documents.size()), text));
  }
  std::vector<FileEntry> files = {write_kept(folder, "kept-00000", documents)};
  nlohmann::json index = nlohmann::json::array();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::sort(keys[i].begin(), keys[i].end());
    files.push_back(write_key_index(folder, "index-" + std::to_string(i), keys[i]));
    index.push_back(files.back().name);
  }
  const nlohmann::json meta = {{"generations", {{{"kept", documents.size()}, {"index", index}}}}};
  const auto alone = make_single_comm();
  commit_folder(folder, documents_kind, documents_version, files, meta, *alone);
}

// `texts` after a generation of `earlier`.
Outcome cut_after(const Texts& earlier, const DedupConfig& dedup, const Texts& texts) {
  const SharedScratch dataset(test_world());
  on_root(test_world(), [&] { write_generation(dataset.path(), dedup, earlier); });
  EarlierDocuments documents(dataset.path());
  ReadDocuments read(test_world(), dedup, texts);
  return run(read, texts, documents);
}

template <class Brute>
std::vector<std::vector<Cut>> brute_cuts_after(const Texts& earlier, Brute brute,
                                               const Texts& texts) {
  for (const std::string& text : earlier) brute(text);
  return brute_cuts(brute, texts);
}

TEST(CutStage, SpansThatTouchAreOneCut) {
  const Texts texts = {words("a", 50), words("b", 50), words("c", 50)};
  const std::string all = texts[0] + ", " + texts[1] + " (" + texts[2] + ")";
  const Outcome outcome = cut_after(texts, spans, {all});
  const auto end = static_cast<std::uint32_t>(all.size()) - 1;
  EXPECT_EQ(outcome.cuts.at(0), (std::vector<Cut>{{0, end}}));
  EXPECT_EQ(outcome.tally["spans"]["cut"], 1);
}

TEST(CutStage, EarlierGenerationsComeFirst) {
  const Texts all = repetitive_texts(30, 80);
  const Texts first(all.begin(), all.begin() + 40), second(all.begin() + 40, all.end());
  const Texts kept_spans = cut(spans, first).left;
  const Outcome by_span = cut_after(kept_spans, spans, second);
  EXPECT_EQ(by_span.cuts, brute_cuts_after(kept_spans, BruteSpans(), by_span.texts));
  EXPECT_NE(by_span.cuts, brute_cuts(BruteSpans(), by_span.texts));
  const Texts kept_lines = cut(lines, first).left;
  const Outcome by_line = cut_after(kept_lines, lines, second);
  EXPECT_EQ(by_line.cuts, brute_cuts_after(kept_lines, BruteUnits(false), by_line.texts));
  EXPECT_NE(by_line.cuts, brute_cuts(BruteUnits(false), by_line.texts));
}

TEST(CutStage, KeptDocumentsLoseNothingWhenTheyComeAgain) {
  const Outcome outcome = cut(everything, repetitive_texts(40, 40));
  const Outcome after = cut_after({outcome.left.begin(), outcome.left.begin() + 20}, everything,
                                  {outcome.left.begin() + 20, outcome.left.end()});
  EXPECT_EQ(after.left, after.texts);
}

}  // namespace cut_stage_test
}  // namespace switchyard::prepare
