#include "launch/report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.h"
#include "tests/markup.h"

namespace switchyard {
namespace run_report_test {

using testing::HasSubstr;
using testing::Not;

constexpr const char* hostile = "<script>alert(1)</script>\"'&";

std::string step_line(int attempt, int step, double loss) {
  return fmt::format(
      R"({{"attempt":{},"step":{},"loss":{},"gradient_norm":1.5,"learning_rate":0.001,"tokens":10,)"
      R"("tokens_per_second":20,"layers":[{{"layer":1,"max_over_mean":1.5,"entropy":2,"dead_experts":1,)"
      R"("dropped":3}}],"course":{{"time":{},"seconds":0.5,"ranks":2,"goodput":0.5,"parts":{{"experts":0.25}},)"
      R"("busy":{{"least":0.1,"median":0.2,"most":0.3,"rank":1}},"exchange":{{"own_rank":1,"own_node":2,)"
      R"("other_nodes":3,"bytes_per_second":4}}}}}})"
      "\n",
      attempt, step, loss, 1700000000 + 10 * attempt + step);
}

// A run of three starts' worth of hostile text, one of which did two steps again.
class RunReport : public testing::Test {
 protected:
  RunReport() {
    std::filesystem::create_directories(run_ / "attempts");
    write("attempts/0001.json",
          fmt::format(
              R"({{"number":1,"host":{},"boot_id":"","pid":1,"process_start":1,"slurm_job":"",)"
              R"("slurm_restart_count":0,"resumed_from":"","started":"2023-11-14T22:13:20Z"}})",
              nlohmann::json(hostile).dump()));
    write(
        "state.json",
        fmt::format(
            R"({{"status":"failed","attempt":2,"step":4,"steps":9,"checkpoint":"","problem":{}}})",
            nlohmann::json(hostile).dump()));
    write("config.toml", std::string("name = ") + hostile);
    write("metrics.jsonl",
          step_line(1, 0, 5) + step_line(1, 1, 4) + step_line(1, 2, 3) +
              R"({"attempt":1,"step":1,"time":1700000011,"checkpoint":"c","save_seconds":1})"
              "\n" +
              step_line(2, 1, 4) + step_line(2, 2, 3.5) + "{\"attempt\":2,\"st\n" +
              R"({"attempt":2,"step":3,"validation_loss":3.25})");
  }
  void write(const char* name, const std::string& text) { std::ofstream(run_ / name) << text; }

  Scratch scratch_;
  std::filesystem::path run_ = scratch_ / "run";
};

TEST_F(RunReport, AStepThatWasDoneAgainCountsOnce) {
  const RunHistory history = read_history(run_);
  ASSERT_EQ(history.steps.size(), 3U);
  EXPECT_EQ(history.steps[2].loss, 3.5);
  EXPECT_EQ(history.steps_done_again, 2);
  EXPECT_EQ(history.course.size(), 5U);
  EXPECT_EQ(history.part_seconds.at("experts"), 0.75);
  ASSERT_EQ(history.checkpoints.size(), 1U);
  EXPECT_EQ(history.validation.back(), (std::pair<std::int64_t, double>{3, 3.25}));
}

TEST_F(RunReport, LinesWithAKindCountStepsFromOne) {
  const std::string old_line = step_line(1, 0, 5), new_line = step_line(2, 2, 4);
  write("metrics.jsonl", old_line + "{\"kind\":\"step\"," + new_line.substr(1));
  const RunHistory history = read_history(run_);
  ASSERT_EQ(history.steps.size(), 2U);
  EXPECT_EQ(history.steps[0].step, 1);
  EXPECT_EQ(history.steps[1].step, 2);
}

TEST_F(RunReport, HasItsPlots) {
  const std::string page = run_report_html(read_history(run_));
  for (const char* title :
       {"<h3>Loss</h3>", "<h3>Learning rate</h3>", "<h3>Tokens per second</h3>",
        "<h3>Course of the run</h3>", "<h3>Goodput</h3>", "<h3>Exchanged bytes</h3>",
        "<h3>Expert load over layers and steps</h3>", "<h3>Work of ranks</h3>"}) {
    EXPECT_THAT(page, HasSubstr(title));
  }
  EXPECT_THAT(page, HasSubstr("1.50 times the mean, 1 dead experts, 3 dropped"));
}

TEST_F(RunReport, IsWellFormedAndNeedsNothingFromElsewhere) {
  const std::string page = run_report_html(read_history(run_));
  EXPECT_EQ(nesting_problem(page), "");
  for (const char* word : {"http:", "https:", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(word)));
  }
}

TEST_F(RunReport, EscapesHostileText) {
  const std::string page = run_report_html(read_history(run_));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

TEST_F(RunReport, BearsLinesOfAnyShape) {
  std::string lines;
  for (const char* value : {"null", "-1", "1e300", "\"x\"", "[1,[2]]", "{\"a\":{\"b\":[1]}}"}) {
    for (const char* key : {"loss", "step", "layers", "course", "checkpoint", "validation_loss"}) {
      lines += fmt::format("{{\"loss\":1,\"step\":5,\"{}\":{}}}\n", key, value);
    }
  }
  write("metrics.jsonl", lines + step_line(1, 0, 5) + "[]\n7\n\xff\n");
  EXPECT_EQ(nesting_problem(run_report_html(read_history(run_))), "");
}

TEST_F(RunReport, ARunWithoutAStepHasAPageToo) {
  std::filesystem::remove(run_ / "metrics.jsonl");
  EXPECT_EQ(nesting_problem(run_report_html(read_history(run_))), "");
}

TEST_F(RunReport, AFolderThatIsNoRunIsRefused) {
  EXPECT_THROW(read_history(scratch_ / "no"), Error);
}

}  // namespace run_report_test
}  // namespace switchyard
