#include "io/prepare/account/summary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/io/prepare/account/report_sample.h"

namespace switchyard::prepare {
namespace summary_test {

TEST(Summary, SaysWhatCameInWhatWentAndWhatIsLeft) {
  const nlohmann::json report = {
      {"documents", {{"in", 1234}, {"out", 1000}}},
      {"text_bytes", {{"in", 5'000'000}, {"out", 4'000'000}}},
      {"sources", {{{"name", "input"}}}},
      {"stages",
       {{"read", {{"in", 1234}, {"out", 1233}}}, {"exact", {{"in", 1233}, {"out", 1000}}}}},
      {"split", {{"train", 950}, {"validation", 50}}},
      {"tokens", {{"train", 1'900'000}, {"validation", 100'000}}},
      {"tokenizer", {{"vocabulary", 257}}},
      {"recipe", {{"tokenizer", "bytes"}}}};
  EXPECT_EQ(summary_of(report, "data/corpus"),
            "dataset            data/corpus\n"
            "read               1,234 documents of 1 source, 4.77 MiB of text\n"
            "- Unusable input   1 document removed, 0.1 %\n"
            "- Exact duplicates 233 documents removed, 18.9 %\n"
            "kept               1,000 documents, 3.81 MiB of text\n"
            "train              950 documents, 1,900,000 tokens\n"
            "validation         50 documents, 100,000 tokens\n"
            "tokenizer          bytes, 257 ids\n"
            "report             data/corpus/report.html, and report.json\n");
}

TEST(Summary, IsShortAndHarmlessWhateverTheReportHolds) {
  const std::string all = summary_of(sample_report(), hostile_text);
  EXPECT_LE(std::count(all.begin(), all.end(), '\n'), 16);
  EXPECT_EQ(all.find('\x1b'), std::string::npos);
  EXPECT_FALSE(summary_of({}, "d").empty());
}

}  // namespace summary_test
}  // namespace switchyard::prepare
