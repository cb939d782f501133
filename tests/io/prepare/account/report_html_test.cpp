#include "io/prepare/account/report_html.h"

#include <gtest/gtest.h>

#include "tests/io/prepare/account/report_sample.h"
#include "tests/markup.h"

namespace switchyard::prepare {
namespace report_html_test {

using nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportHtml, IsWellFormed) { EXPECT_EQ(nesting_problem(report_html(sample_report())), ""); }

TEST(ReportHtml, NeedsNothingFromElsewhere) {
  const std::string page = report_html(sample_report());
  for (const char* word : {"http:", "https:", "src=", "href=", "url(", "<script", "@import"}) {
    EXPECT_FALSE(holds(page, word)) << word;
  }
}

TEST(ReportHtml, EscapesWhatComesFromDocuments) {
  const std::string page = report_html(sample_report());
  EXPECT_TRUE(holds(page, "&lt;script&gt;&quot;&#39;&amp;|\n# `x`\\x1b[31m\\u{202e}"));
  EXPECT_FALSE(holds(page, "\x1b"));
  EXPECT_FALSE(holds(page, "\u202e"));
}

TEST(ReportHtml, HasTheHeadlineFigures) {
  const std::string page = report_html(sample_report());
  for (const char* figure : {"9,000", "12,345", "3,345", "38.1 MiB", "8,086,421", "432,100"}) {
    EXPECT_TRUE(holds(page, figure)) << figure;
  }
}

TEST(ReportHtml, ShowsEachStageThatWasOn) {
  const std::string page = report_html(sample_report());
  for (const char* stage : {"Unusable input", "Quality filters", "Contamination",
                            "Exact duplicates", "Same URL", "Near-duplicates", "Nothing left"}) {
    EXPECT_TRUE(holds(page, std::string("<tr><td>") + stage + "<small>")) << stage;
  }
  EXPECT_TRUE(holds(page, "4,321 cut, 11.4 MiB of text"));
}

TEST(ReportHtml, LeavesOutStagesThatWereOff) {
  json report = sample_report();
  report["stages"].erase("url");
  report["stages"].erase("lines");
  const std::string page = report_html(report);
  EXPECT_FALSE(holds(page, "<tr><td>Same URL"));
  EXPECT_FALSE(holds(page, "Repeated lines"));
}

TEST(ReportHtml, MarksAStageThatRemovedMostOfASource) {
  const std::string page = report_html(sample_report());
  EXPECT_TRUE(holds(page, "<td class=\"much\">335 !<small>97.1 %"));
  EXPECT_FALSE(holds(page, "<td class=\"much\">3,000"));
}

TEST(ReportHtml, HasThreeExamplesOfEachStage) {
  json report = sample_report();
  report["stages"] = {{"exact", report["stages"]["exact"]}};
  const std::string page = report_html(report);
  EXPECT_TRUE(holds(page, "third"));
  EXPECT_FALSE(holds(page, "fourth"));
  EXPECT_TRUE(holds(page, "in favour of <code>0123abcd</code>, Jaccard 0.750"));
}

TEST(ReportHtml, SaysWhereProblemsAre) {
  EXPECT_TRUE(holds(report_html(sample_report()), ", line 3, byte 99"));
}

TEST(ReportHtml, BearsAReportWithNothingInIt) {
  for (const json& report : {json(), json::object(), json::array(), json("text")}) {
    EXPECT_EQ(nesting_problem(report_html(report)), "");
  }
}

TEST(ReportHtml, BearsAnyTypeAnywhere) {
  const json sample = sample_report();
  for (const json& value : {json(), json(-1), json(1e300), json("text"), json{1, "a", {2}},
                            json{{"a", {{"b", {1}}}}}, json{{"in", "x"}, {"first", 3}}}) {
    for (const auto& entry : sample.items()) {
      json report = sample;
      report[entry.key()] = value;
      EXPECT_EQ(nesting_problem(report_html(report)), "") << entry.key() << ": " << value;
    }
    for (const char* stage : {"read", "filters", "lines"}) {
      json report = sample;
      report["stages"][stage] = value;
      EXPECT_EQ(nesting_problem(report_html(report)), "") << stage << ": " << value;
    }
  }
}

}  // namespace report_html_test
}  // namespace switchyard::prepare
