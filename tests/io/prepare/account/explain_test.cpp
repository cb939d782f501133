#include "io/prepare/account/explain.h"

#include "io/prepare/account/removed_list.h"

#include "tests/io/prepare/store/documents_layer.h"

namespace switchyard::prepare {
namespace explain_test {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A dataset with two kept documents and what `removed` names.
class Explain : public testing::Test {
 protected:
  void write(const std::vector<RemovedDocument>& removed) {
    write_documents_layer(dataset_.path(), {fox_, other_}, removed);
  }
  Explanation about(const std::string& name) const {
    return explain(DocumentStore(dataset_.path()), name);
  }
  std::string text_about(const std::string& name) const {
    const DocumentStore store(dataset_.path());
    return explanation_text(store, explain(store, name));
  }

  Scratch dataset_, inputs_;
  KeptDocument fox_ = kept_document("fox", "The quick brown fox jumps over the lazy dog.");
  KeptDocument other_ = kept_document("other", "Something else entirely.");
  const std::string near_fox_ = "Yesterday, the quick brown fox jumps over a dog.";
};

TEST_F(Explain, KeptDocumentIsSaidToBeKept) {
  write({});
  const Explanation explanation = about("fox");
  ASSERT_EQ(explanation.kept.size(), 1u);
  EXPECT_TRUE(explanation.removed.empty());
  EXPECT_EQ(explanation.kept[0].text_bytes, std::ssize(fox_.text));
  EXPECT_TRUE(holds(text_about("fox"), "kept: fox\n"));
  EXPECT_TRUE(holds(text_about("fox"), "web, generation 0, licence CC-BY-4.0"));
}

TEST_F(Explain, NearDuplicateIsComparedWithItsKeeper) {
  RemovedDocument near = removed_document("near", near_fox_, fox_, RemovalReason::near_duplicate);
  near.jaccard = 0.75F;
  near.file = inputs_ / "gone.txt";
  write({near});
  const Explanation explanation = about("near");
  ASSERT_EQ(explanation.removed.size(), 1u);
  const RemovedFate& fate = explanation.removed[0];
  ASSERT_TRUE(fate.keeper.has_value());
  EXPECT_EQ(fate.keeper->document.id, "fox");
  EXPECT_FALSE(fate.read_again);
  ASSERT_EQ(fate.shared.size(), 1u);
  EXPECT_EQ(fate.shared[0].text, "the quick brown fox jumps over");
  EXPECT_TRUE(holds(text_about("near"), "0.750"));
}

TEST_F(Explain, WholeTextIsReadAgainFromWhereItCame) {
  const std::string long_text = std::string(1000, 'x') + " " + near_fox_;
  put_contents(inputs_ / "a.jsonl", R"({"body": "first line"})" + std::string("\n") +
                                        R"({"body": ")" + long_text + "\"}\n");
  RemovedDocument near = removed_document("near", long_text, fox_, RemovalReason::near_duplicate);
  near.file = inputs_ / "a.jsonl";
  near.position = 23;
  write({near});
  const Explanation explanation = about("near");
  EXPECT_TRUE(explanation.removed[0].read_again);
  ASSERT_EQ(explanation.removed[0].shared.size(), 1u);
  EXPECT_EQ(explanation.removed[0].shared[0].text, "the quick brown fox jumps over");
}

TEST_F(Explain, FileThatHasChangedIsNotTakenForTheText) {
  put_contents(inputs_ / "a.txt", "another text by now");
  RemovedDocument near = removed_document("near", near_fox_, fox_, RemovalReason::near_duplicate);
  near.file = inputs_ / "a.txt";
  write({near});
  EXPECT_FALSE(about("near").removed[0].read_again);
}

TEST_F(Explain, FilteredDocumentHasAReasonAndNoKeeper) {
  RemovedDocument bad = removed_document("bad", "bad", {}, RemovalReason::filter);
  bad.detail = "c4: 2 sentences < 3";
  bad.keeper = {};
  bad.file = "b.jsonl";
  bad.position = 77;
  write({bad});
  const std::string text = text_about("bad");
  EXPECT_TRUE(holds(text, "filter: it failed a quality filter")) << text;
  EXPECT_TRUE(holds(text, "c4: 2 sentences < 3")) << text;
  EXPECT_TRUE(holds(text, "b.jsonl, byte 77")) << text;
  EXPECT_FALSE(holds(text, "kept instead")) << text;
}

TEST_F(Explain, KeeperThatWentItselfIsSaidToHaveGone) {
  const KeptDocument gone = kept_document("gone", "gone");
  write({removed_document("near", near_fox_, gone, RemovalReason::near_duplicate)});
  EXPECT_FALSE(about("near").removed[0].keeper.has_value());
  EXPECT_TRUE(holds(text_about("near"), "which a later stage removed"));
}

TEST_F(Explain, AllDocumentsOfAnIdAreFound) {
  write({removed_document("fox", fox_.text, fox_, RemovalReason::exact),
         removed_document("fox", near_fox_, fox_, RemovalReason::near_duplicate)});
  const Explanation explanation = about("fox");
  EXPECT_EQ(explanation.kept.size(), 1u);
  EXPECT_EQ(explanation.removed.size(), 2u);
}

TEST_F(Explain, TwentyDocumentsOfAnIdAreExplainedAndTheRestCounted) {
  write(std::vector<RemovedDocument>(
      30, removed_document("fox", fox_.text, fox_, RemovalReason::exact)));
  const Explanation explanation = about("fox");
  EXPECT_EQ(explanation.removed.size(), 19u);
  EXPECT_EQ(explanation.num_more, 11);
  EXPECT_TRUE(holds(text_about("fox"), "and 11 more"));
}

TEST_F(Explain, HashOrTheBeginningOfItWillDo) {
  write({removed_document("near", near_fox_, fox_, RemovalReason::near_duplicate)});
  const std::string hash = content_hash(near_fox_).hex();
  for (const std::size_t digits : {4u, 7u, 8u, 16u, 17u, 32u}) {
    EXPECT_EQ(about(hash.substr(0, digits)).removed.size(), 1u) << digits;
  }
  const Thrown thrown = thrown_by([&] { about(hash.substr(0, 3)); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(holds(thrown.message, "at least 4 digits")) << thrown.message;
}

TEST_F(Explain, DocumentOfAFileIsFoundByItsPath) {
  write({});
  put_contents(inputs_ / "fox.txt", fox_.text);
  put_contents(inputs_ / "other.md", "what no dataset has");
  EXPECT_EQ(about(inputs_ / "fox.txt").kept.at(0).document.id, "fox");
  EXPECT_TRUE(about(inputs_ / "fox.txt").removed.empty());
  const Thrown thrown = thrown_by([&] { about(inputs_ / "other.md"); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(holds(thrown.message, "was changed since")) << thrown.message;
}

TEST_F(Explain, RemovedDocumentIsFoundByThePathItCameFrom) {
  RemovedDocument copy = removed_document("copy", fox_.text, fox_, RemovalReason::exact);
  copy.file = inputs_ / "copy.txt";
  write({copy});
  put_contents(copy.file, fox_.text);
  for (const bool there : {true, false}) {
    if (!there) std::filesystem::remove(copy.file);
    const Explanation explanation = about(copy.file);
    EXPECT_TRUE(explanation.kept.empty());
    ASSERT_EQ(explanation.removed.size(), 1u);
    EXPECT_EQ(explanation.removed[0].document.id, "copy");
  }
}

TEST_F(Explain, LineOfAFileIsFoundByItsNumber) {
  write({});
  put_contents(inputs_ / "a.jsonl",
               "\n{\"body\": \"" + other_.text + "\"}\n{\"body\": \"" + fox_.text + "\"}\n");
  const std::string file = inputs_ / "a.jsonl";
  EXPECT_EQ(about(file + ":3").kept.at(0).document.id, "fox");
  EXPECT_EQ(about(file + ":2").kept.at(0).document.id, "other");
  EXPECT_EQ(about(file).kept.size(), 2u);
  for (const char* line : {":1", ":4", ":0", ":x"}) {
    EXPECT_EQ(thrown_by([&] { about(file + line); }).code, Exit::usage) << line;
  }
}

TEST_F(Explain, ElementOfAnArrayIsFoundByItsLine) {
  write({});
  put_contents(inputs_ / "a.json", "[\n  {\"body\": \"" + fox_.text + "\"},\n  {\"body\": \"" +
                                       other_.text + "\"}\n]\n");
  const std::string file = inputs_ / "a.json";
  EXPECT_EQ(about(file + ":2").kept.at(0).document.id, "fox");
  EXPECT_EQ(about(file + ":3").kept.at(0).document.id, "other");
  EXPECT_EQ(thrown_by([&] { about(file + ":4"); }).code, Exit::usage);
}

TEST_F(Explain, RemovedDocumentsAreListedByStage) {
  RemovedDocument bad = removed_document("b\x1b", "bad", {}, RemovalReason::filter);
  bad.detail = "c4: 2 sentences < 3";
  bad.keeper = {};
  write({bad, removed_document("copy", fox_.text, fox_, RemovalReason::exact)});
  const DocumentStore store(dataset_.path());
  std::string all, filtered;
  const auto counts = list_removed(store, "", [&](std::string_view line) { all += line; });
  EXPECT_EQ(counts, (std::map<std::string, std::int64_t>{{"exact", 1}, {"filter", 1}}));
  EXPECT_TRUE(holds(all, "copy")) << all;
  EXPECT_TRUE(holds(all, "kept instead: ")) << all;
  list_removed(store, "filter", [&](std::string_view line) { filtered += line; });
  EXPECT_TRUE(holds(filtered, "b\\x1b")) << filtered;
  EXPECT_TRUE(holds(filtered, "c4: 2 sentences < 3")) << filtered;
  EXPECT_FALSE(holds(filtered, "copy")) << filtered;
}

TEST_F(Explain, DigitsOfSeveralHashesAreAmbiguous) {
  fox_.hash = {0x1234567800000000, 1};
  other_.hash = {0x1234567800000000, 2};
  write({});
  const Thrown thrown = thrown_by([&] { about("12345678"); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(holds(thrown.message, fox_.hash.hex())) << thrown.message;
  EXPECT_EQ(about(other_.hash.hex()).kept.size(), 1u);
}

TEST_F(Explain, UnknownDocumentIsAUsageError) {
  write({});
  EXPECT_EQ(thrown_by([&] { about("nobody"); }).code, Exit::usage);
}

TEST_F(Explain, HostileTextIsHarmlessOnATerminal) {
  const std::string escape = "\x1b]0;x\x07\u202e";
  RemovedDocument bad =
      removed_document("bad" + escape, escape, fox_, RemovalReason::near_duplicate);
  bad.url = bad.file = bad.detail = bad.keeper_id = bad.excerpt = escape;
  fox_.text = escape + fox_.text;
  write({bad});
  const std::string text = text_about(bad.id);
  EXPECT_EQ(text.find_first_of("\x1b\x07"), std::string::npos);
  EXPECT_FALSE(holds(text, "\u202e"));
}

}  // namespace explain_test
}  // namespace switchyard::prepare
