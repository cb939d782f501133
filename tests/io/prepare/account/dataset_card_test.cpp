#include "io/prepare/account/dataset_card.h"

#include <gtest/gtest.h>

#include "tests/io/prepare/account/report_sample.h"

namespace switchyard::prepare {
namespace dataset_card_test {

using nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DatasetCard, ListsSourcesWithLicences) {
  EXPECT_TRUE(holds(dataset_card(sample_report()), "| small | 1 | MIT | 345 | 10 |"));
}

TEST(DatasetCard, WarnsOfAnUnknownLicence) {
  json report = sample_report();
  EXPECT_FALSE(holds(dataset_card(report), "licence of a source is unknown"));
  report["sources"][0].erase("licence");
  EXPECT_TRUE(holds(dataset_card(report), "licence of a source is unknown"));
}

TEST(DatasetCard, SaysWhatWasDone) {
  const std::string card = dataset_card(sample_report());
  EXPECT_TRUE(holds(card, "2,960 of 11,970 documents removed, 24.7 %"));
  EXPECT_TRUE(holds(card, "Repeated lines: 4,321 cut, 11.4 MiB of text"));
  EXPECT_TRUE(holds(card, "- minhash: 25x5@0.7"));
}

TEST(DatasetCard, LeavesOutStagesThatWereOff) {
  json report = sample_report();
  report["stages"].erase("contamination");
  EXPECT_FALSE(holds(dataset_card(report), "Contamination"));
}

TEST(DatasetCard, EscapesNames) {
  const std::string card = dataset_card(sample_report());
  EXPECT_TRUE(holds(card, R"(&lt;script&gt;"'&amp;\| \# \`x\`\x1b\[31m)"));
  EXPECT_FALSE(holds(card, "<script>"));
}

TEST(DatasetCard, BearsAReportWithNothingInIt) {
  for (const json& report : {json(), json::object(), json("text")}) {
    EXPECT_TRUE(dataset_card(report).starts_with("# Dataset card"));
  }
}

}  // namespace dataset_card_test
}  // namespace switchyard::prepare
