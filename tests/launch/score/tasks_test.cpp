#include "launch/score/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "launch/score/metrics.h"
#include "launch/score/mmlu.h"
#include "launch/score/python_text.h"
#include "launch/score/task_results.h"
#include "tests/io/scratch.h"

namespace switchyard::tasks {
namespace tasks_test {

using nlohmann::json;
using testing::HasSubstr;
using testing::ThrowsMessage;

// What lm-eval itself asked and found: tests/long/lm_eval_goldens.py.
const json& goldens() {
  static const json all = json::parse(
      std::ifstream(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/launch/score/goldens.json"));
  return all;
}

void write_rows(const std::filesystem::path& file, const std::vector<json>& rows) {
  std::ofstream out(file);
  for (const json& row : rows) out << row.dump() << "\n";
}

Task task_of(const json& golden) {
  const Scratch scratch;
  const std::string full = golden.at("task");
  const std::string name = full.starts_with("mmlu_") ? "mmlu" : full;
  TaskOptions options{.files = {{name, scratch.path() / "rows.jsonl"}},
                      .few_shot = golden.at("few_shot")};
  write_rows(options.files[name], golden.at("rows").get<std::vector<json>>());
  if (options.few_shot > 0) {
    const bool same = golden.at("shots").is_null();
    options.shots[name] = scratch.path() / (same ? "rows.jsonl" : "shots.jsonl");
    if (!same) write_rows(options.shots[name], golden.at("shots").get<std::vector<json>>());
  }
  std::vector<Task> tasks = read_tasks(options);
  EXPECT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].name, full);
  return std::move(tasks[0]);
}

std::vector<Score> scores_of(const json& asked) {
  std::vector<Score> scores;
  for (const json& request : asked) scores.push_back({request.at(2), request.at(3)});
  return scores;
}

std::vector<Metric> metrics_of_golden(const json& golden, const Task& task) {
  std::vector<ItemFigures> figures;
  for (std::size_t i = 0; i < task.items.size(); ++i) {
    figures.push_back(figures_of(task.items[i], task.kind, scores_of(golden.at("asked").at(i))));
  }
  return metrics_of(figures, task.kind);
}

TEST(Tasks, AskWhatLmEvalAsks) {
  for (const json& golden : goldens().at("goldens")) {
    const Task task = task_of(golden);
    ASSERT_EQ(task.items.size(), golden.at("asked").size()) << golden.at("task");
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      const json& asked = golden.at("asked").at(i);
      ASSERT_EQ(task.items[i].requests.size(), asked.size());
      for (std::size_t j = 0; j < asked.size(); ++j) {
        EXPECT_EQ(task.items[i].requests[j].context, asked[j].at(0)) << golden.at("task") << i;
        EXPECT_EQ(task.items[i].requests[j].continuation, asked[j].at(1)) << golden.at("task") << i;
      }
    }
  }
}

TEST(Tasks, MakeOfTheAnswersWhatLmEvalMakes) {
  for (const json& golden : goldens().at("goldens")) {
    const Task task = task_of(golden);
    std::size_t compared = 0;
    for (const Metric& metric : metrics_of_golden(golden, task)) {
      const json& theirs = golden.at("metrics");
      EXPECT_DOUBLE_EQ(metric.value, theirs.at(metric.name)) << golden.at("task") << metric.name;
      ++compared;
      if (metric.name == "perplexity") continue;  // theirs is drawn
      EXPECT_EQ(metric.error.has_value(), theirs.contains(metric.name + "_stderr"));
      if (!metric.error) continue;
      EXPECT_DOUBLE_EQ(*metric.error, theirs.at(metric.name + "_stderr")) << golden.at("task");
      ++compared;
    }
    EXPECT_EQ(compared, golden.at("metrics").size()) << golden.at("task");
  }
}

TEST(Tasks, SubjectsOfMmluTogetherAreLmEvals) {
  std::vector<std::int64_t> sizes;
  std::vector<Metric> metrics;
  for (const json& golden : goldens().at("goldens")) {
    if (golden.at("few_shot") != 0 || !golden.at("task").get<std::string>().starts_with("mmlu_"))
      continue;
    const Task task = task_of(golden);
    sizes.push_back(std::ssize(task.items));
    metrics.push_back(metrics_of_golden(golden, task).front());
  }
  const Metric all = pooled(sizes, metrics);
  EXPECT_DOUBLE_EQ(all.value, goldens().at("mmlu").at("acc"));
  EXPECT_DOUBLE_EQ(all.error.value(), goldens().at("mmlu").at("acc_stderr"));
}

json mmlu_row(const std::string& question, const json& answer) {
  return {{"question", question}, {"choices", {"w", "x", "y", "z"}}, {"answer", answer}};
}

TEST(Tasks, MmluMayBeAFolderOfSubjects) {
  const Scratch scratch;
  for (const char* subject : {"anatomy", "virology", "alchemy"}) {
    std::filesystem::create_directory(scratch.path() / subject);
    write_rows(scratch.path() / subject / "test.jsonl",
               {mmlu_row(std::string("Of ") + subject + "?", 1), mmlu_row("More?", "D")});
    write_rows(scratch.path() / subject / "dev.jsonl", {mmlu_row("Shown?", 2)});
  }
  const std::vector<Task> tasks =
      read_tasks({.files = {{"mmlu", scratch.path()}}, .few_shot = 1, .limit = 2});
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0].name, "mmlu_alchemy");
  EXPECT_EQ(tasks[0].category, "");
  EXPECT_EQ(tasks[1].category, "mmlu_stem");
  EXPECT_EQ(tasks[2].category, "mmlu_other");
  EXPECT_EQ(tasks[1].items[1].gold, 3U);
  EXPECT_EQ(tasks[1].items[0].requests[2].context,
            "The following are multiple choice questions (with answers) about anatomy.\n\n"
            "Shown?\nA. w\nB. x\nC. y\nD. z\nAnswer: C\n\n"
            "Of anatomy?\nA. w\nB. x\nC. y\nD. z\nAnswer:");
  EXPECT_EQ(tasks[1].items[0].requests[2].continuation, " C");
}

TEST(Tasks, EverySubjectHasACategory) {
  EXPECT_EQ(category_of("world_religions"), "mmlu_humanities");
  EXPECT_EQ(category_of("astronomy"), "mmlu_stem");
  EXPECT_EQ(category_of("sociology"), "mmlu_social_sciences");
  EXPECT_EQ(category_of("chemistry"), "");  // there are high_school_ and college_chemistry
}

// Reads rows of one task.
std::function<void()> reading(const std::string& name, const std::string& lines,
                              TaskOptions options = {}) {
  return [=]() mutable {
    const Scratch scratch;
    const std::filesystem::path file = scratch.path() / "rows.jsonl";
    std::ofstream(file) << lines;
    options.files[name] = file;
    read_tasks(options);
  };
}

TEST(Tasks, ErrorsNameFileLineAndField) {
  const std::string good = R"({"goal": "a", "sol1": "b", "sol2": "c", "label": 1})";
  const auto says = [](const std::string& text) { return ThrowsMessage<Error>(HasSubstr(text)); };
  EXPECT_THAT(reading("piqa", good + "\n{\"goal\": \"a\"\n"),
              says("rows.jsonl, line 2 is not JSON: {\"goal\""));
  EXPECT_THAT(reading("piqa", good + "\n\n[1]\n"),
              says("rows.jsonl, line 3 is not a JSON object: [1]"));
  EXPECT_THAT(reading("piqa", R"({"goal": "a", "sol1": "b", "label": 1})"),
              says("rows.jsonl, line 1: the field sol2 is missing"));
  EXPECT_THAT(reading("piqa", R"({"goal": "a", "sol1": 4, "sol2": "c", "label": 1})"),
              says("line 1: the field sol1 is not a text"));
  EXPECT_THAT(reading("piqa", R"({"goal": "a", "sol1": "b", "sol2": "c", "label": -1})"),
              says("line 1: the field label is -1; expected a number from 0 to 1"));
  EXPECT_THAT(
      reading("arc_easy",
              R"({"question": "a", "choices": {"text": ["b"], "label": ["A"]}, "answerKey": "E"})"),
      says("line 1: the field answerKey is E, which no label is"));
  EXPECT_THAT(
      reading("winogrande", R"({"sentence": "a", "option1": "b", "option2": "c", "answer": "1"})"),
      says("the field sentence has no blank _"));
  EXPECT_THAT(reading("mmlu", mmlu_row("a", 1).dump()), says("the field subject is missing"));
  EXPECT_THAT(reading("piqa", "\n \n"), says("rows.jsonl has no row"));
  EXPECT_THAT(reading("piqa", good, {.few_shot = 2}), says("--few-shot 2 needs --shots piqa=FILE"));
  EXPECT_THAT(reading("hellaswagg", good), says("no task hellaswagg; did you mean hellaswag?"));
  EXPECT_THAT(
      [] {
        read_tasks({.files = {{"piqa", "missing.jsonl"}}});
      },
      says("there is no file missing.jsonl"));
}

TEST(Tasks, FewerShotsThanWantedIsAnError) {
  const Scratch scratch;
  const json row = {{"text", "one two three"}};
  write_rows(scratch.path() / "rows.jsonl", {row, row});
  TaskOptions options{.files = {{"lambada_openai", scratch.path() / "rows.jsonl"}},
                      .shots = {{"lambada_openai", scratch.path() / "rows.jsonl"}},
                      .few_shot = 1};
  EXPECT_THAT([&] { read_tasks(options); },
              ThrowsMessage<Error>(HasSubstr("there are 0 rows to show before it")));
}

TEST(TaskMetrics, OfEqualOptionsTheFirstCountsAndLengthsAreCharactersOrBytes) {
  Item item{.where = "",
            .requests = {{}, {}, {}},
            .answers = {"four", "\u00e9\u00e9\u00e9", "x"},
            .gold = 1};
  const std::vector<Score> scores = {{-4.0, false}, {-4.5, false}, {-4.0, false}};
  item.gold = 0;
  EXPECT_EQ(figures_of(item, Kind::normalised, scores).acc, 1.0);       // -4 twice
  EXPECT_EQ(figures_of(item, Kind::normalised, scores).acc_norm, 1.0);  // -1, -1.5, -4
  item.gold = 1;
  EXPECT_EQ(figures_of(item, Kind::normalised, scores).acc_bytes, 1.0);  // -1, -0.75, -4
}

TEST(TaskMetrics, PerplexityAndItsErrorByHand) {
  const std::vector<ItemFigures> items = {{.log_probability = -1.0}, {.log_probability = -3.0}};
  const std::vector<Metric> metrics = metrics_of(items, Kind::last_word);
  EXPECT_EQ(metrics[1].name, "perplexity");
  EXPECT_DOUBLE_EQ(metrics[1].value, std::exp(2.0));
  EXPECT_DOUBLE_EQ(metrics[1].error.value(), std::exp(2.0) * 1.0);  // sqrt(2) / sqrt(2)
  EXPECT_EQ(metrics_of(std::span(items).first(1), Kind::last_word)[0].error, std::nullopt);
}

TEST(PythonText, IsPythons) {
  EXPECT_EQ(strip("\u00a0 \x1c a \u3000b \u2028"), "a \u3000b");
  EXPECT_EQ(strip(" \n "), "");
  EXPECT_EQ(trailing_white_space("ab\u00a0\t"), 3U);
  EXPECT_EQ(trailing_white_space("\u200b"), 0U);  // no white space
  EXPECT_EQ(capitalize("hELLO wORLD"), "Hello world");
  EXPECT_EQ(capitalize("\ufb03 \u0130 \u039f\u0394\u039f\u03a3 \u03a3"),
            "Ffi i\u0307 \u03bf\u03b4\u03bf\u03c2 \u03c3");
  EXPECT_EQ(capitalize("\u01c6 x"), "\u01c5 x");  // title case is not upper case
  EXPECT_EQ(capitalize(""), "");
  EXPECT_EQ(replace_all("a   b    c", "  ", " "), "a  b  c");
  EXPECT_EQ(num_characters("\u00e9\U0001f375x"), 3);
}

}  // namespace tasks_test
}  // namespace switchyard::tasks
