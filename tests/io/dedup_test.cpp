#include "io/dedup.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/unicode.h"

namespace switchyard {
namespace {

Document document(const std::string& id, const std::string& text) {
  return {id, text, content_hash(text)};
}

ExactDedup::Result dedup(std::vector<Document> documents) {
  ExactDedup dedup;
  for (Document& each : documents) dedup.add(std::move(each));
  return std::move(dedup).finish();
}

std::vector<std::string> ids(const ExactDedup::Result& result) {
  std::vector<std::string> found;
  for (const Document& each : result.kept) found.push_back(each.id);
  return found;
}

TEST(Dedup, CaseWhiteSpaceAndCompositionDoNotDistinguish) {
  EXPECT_EQ(normalized("  Stra\xC3\x9F"
                       "e\t\n one\xC2\xA0two "),
            "strasse one two");
  EXPECT_EQ(normalized("e\xCC\x81"), normalized("\xC3\xA9"));
  EXPECT_EQ(normalized("\xC3\x89"), normalized("e\xCC\x81"));
}

TEST(Dedup, DifferentTextsStay) {
  EXPECT_EQ(dedup({document("a", "one two"), document("b", "onetwo")}).kept.size(), 2);
}

TEST(Dedup, EqualTextsLeaveTheFirstInCanonicalOrder) {
  const auto result = dedup({document("b", "same"), document("c", "same"), document("a", "same")});
  EXPECT_EQ(ids(result), std::vector<std::string>{"a"});
  EXPECT_EQ(result.report["removed"], 2);
  EXPECT_EQ(result.report["examples"][0]["kept"], "a");
}

TEST(Dedup, OutcomeDoesNotDependOnOrder) {
  std::vector<Document> documents;
  for (int i = 0; i < 60; ++i) {
    documents.push_back(
        document(std::to_string(i), (i % 2 ? "Text " : "text  ") + std::to_string(i % 20)));
  }
  const auto forward = dedup(documents);
  std::reverse(documents.begin(), documents.end());
  std::swap(documents[3], documents[40]);
  const auto other = dedup(documents);
  EXPECT_EQ(ids(forward), ids(other));
  EXPECT_EQ(forward.report, other.report);
  EXPECT_EQ(forward.documents_hash, other.documents_hash);
  EXPECT_EQ(forward.kept.size(), 20);
}

TEST(Dedup, HashOfAllCountsDuplicates) {
  EXPECT_NE(dedup({document("a", "x")}).documents_hash,
            dedup({document("a", "x"), document("b", "x")}).documents_hash);
}

TEST(Dedup, KeptDocumentsStandInCanonicalOrder) {
  const auto result =
      dedup({document("a", "1"), document("b", "2"), document("c", "3"), document("d", "4")});
  EXPECT_TRUE(std::is_sorted(result.kept.begin(), result.kept.end(), canonical_before));
}

}  // namespace
}  // namespace switchyard
