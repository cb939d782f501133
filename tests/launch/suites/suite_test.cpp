#include "launch/suites/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "launch/suites/cases.h"
#include "launch/suites/profile.h"
#include "runtime/error.h"
#include "tests/io/scratch.h"

namespace switchyard::suites {
namespace suite_test {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* good =
    "name = \"s\"\n[[task]]\nname = \"facts\"\nkind = \"choice\"\n"
    "cases = \"facts.jsonl\"\n";

class SuiteTest : public testing::Test {
 protected:
  SuiteTest() {
    write("facts.jsonl", "{\"prompt\": \"p\", \"choices\": [\"a\", \"b\"], \"answer\": 1}\n");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch_.path() / name) << text;
  }
  Suite parse(const std::string& text) const {
    return parse_suite(text, scratch_.path() / "suite.toml");
  }
  template <class... Parts>
  void refuses(const std::string& text, Parts... parts) const {
    EXPECT_THAT([&] { parse(text); }, ThrowsMessage<Error>(AllOf(HasSubstr(parts)...))) << text;
  }
  Scratch scratch_;
};

TEST_F(SuiteTest, ReadsTasksAndGates) {
  const Suite suite = parse(std::string(good) +
                            "limit = 3\n[gate]\n\"facts.accuracy\" = \">= 0.7\"\n"
                            "\"facts.brier\" = \"<= previous + 0.1\"\n");
  ASSERT_EQ(suite.tasks.size(), 1U);
  EXPECT_EQ(suite.tasks[0].limit, 3);
  ASSERT_EQ(suite.gates.size(), 2U);
  EXPECT_EQ(suite.gates[0].key(), "facts.accuracy");
  EXPECT_TRUE(suite.gates[1].previous);
  EXPECT_FALSE(suite.gates[1].sigma);
  EXPECT_EQ(suite.gates[1].number, 0.1);
}

TEST_F(SuiteTest, NamesFileLineAndKeyOfWhatIsWrong) {
  refuses("name = \"s\"\n", "suite.toml", "no [[task]]");
  refuses(std::string(good) + "casse = 1\n", "suite.toml:6", "casse", "did you mean cases?");
  refuses(std::string(good) + "tokens = 5\n", "suite.toml:6", "tokens");
  refuses("name = \"s\"\n[[task]]\nname = \"t\"\nkind = \"quiz\"\n", "suite.toml:4", "kind",
          "choice");
  refuses("name = \"s\"\n[[task]]\nname = \"t\"\nkind = \"choice\"\ncases = \"no.jsonl\"\n",
          "suite.toml:5", "cases", "no.jsonl");
  refuses(std::string(good) + (good + 11), "suite.toml:7", "second task", "suite.toml:3");
  refuses(std::string(good) + "[gate]\n\"facts.accuracy\" = \"> 0.7\"\n", "suite.toml:7",
          "facts.accuracy", ">= NUMBER");
  refuses(std::string(good) + "[gate]\n\"fact.accuracy\" = \">= 0.7\"\n", "suite.toml:7", "facts");
  refuses(
      "name = \"s\"\n[[task]]\nname = \"t\"\nkind = \"loss\"\ncases = \"facts.jsonl\"\n"
      "corrupt = [\"typos\"]\n",
      "suite.toml:6", "typos:RATE");
  refuses("name = 3\n", "suite.toml:1", "name");
  refuses("name = \n", "suite.toml:1");
}

TEST_F(SuiteTest, CasesHaveIdsOnceAndLabels) {
  write("cases.jsonl",
        "{\"id\": 7, \"text\": \"x\", \"year\": 2004}\n{\"text\": \"y\", \"source\": \"s\"}\n");
  const auto cases = read_cases(scratch_.path() / "cases.jsonl", -1);
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[0].id, "7");
  EXPECT_EQ(cases[0].labels.at("year"), "2004");
  EXPECT_EQ(cases[1].id, "2");
  write("twice.jsonl", "{\"id\": \"a\"}\n{\"id\": \"a\"}\n");
  EXPECT_THAT([&] { read_cases(scratch_.path() / "twice.jsonl", -1); },
              ThrowsMessage<Error>(AllOf(HasSubstr("line 2"), HasSubstr("line 1"))));
}

TEST_F(SuiteTest, MarksCasesThatTrainingTextsHold) {
  const std::string shared =
      "one two three four five six seven eight nine ten eleven twelve thirteen";
  write("facts.jsonl", "{\"text\": \"a b " + shared + " c\"}\n{\"text\": \"" +
                           shared.substr(0, 40) +
                           " and so on with other words than those before it all\"}\n"
                           "{\"text\": \"six seven eight nine ten eleven twelve thirteen\"}\n"
                           "{\"text\": \"too short to say\"}\n");
  write("corpus.jsonl",
        "{\"text\": \"Zero, ONE two Three four five six seven eight nine ten eleven "
        "twelve thirteen! too short to say\"}\n");
  Suite suite = parse(
      "name = \"s\"\n[[task]]\nname = \"t\"\nkind = \"loss\"\ncases = "
      "\"facts.jsonl\"\n[contamination]\ntraining_texts = [\"corpus.jsonl\"]\n");
  std::vector<TaskCases> cases = read_cases(suite);
  mark_contaminated(suite, cases);
  std::vector<std::string> marks;
  for (const CaseRow& one : cases[0].cases) marks.push_back(one.labels.at("contaminated"));
  EXPECT_EQ(marks, (std::vector<std::string>{"yes", "no", "yes", "no"}));
}

// A task whose cases are right or not.
Results results_of(const std::vector<int>& right, const std::vector<double>& losses = {}) {
  Results results{.suite = "s"};
  TaskResult task{"t", "choice"};
  for (std::size_t i = 0; i < right.size(); ++i) {
    Case one{std::to_string(i),
             {{"accuracy", right[i]}, {"tokens", 1.0 + static_cast<double>(i % 2)}}};
    if (i < losses.size()) one.numbers["loss"] = losses[i];
    task.cases.push_back(std::move(one));
  }
  task.add({.name = "accuracy", .form = Form::share, .number = "accuracy"});
  task.add({.name = "loss", .form = Form::mean, .number = "loss", .weight = "tokens"});
  task.add_number("brier", 0.25, std::ssize(right));
  results.tasks.push_back(std::move(task));
  return results;
}

Judged judged(const std::string& figure, const std::string& condition, const Results& results,
              const Results* previous = nullptr) {
  return judge({parse_gate("t." + figure, condition, "suite.toml:9")}, results, previous).front();
}

std::vector<int> of(int right, int cases) {
  std::vector<int> list(static_cast<std::size_t>(cases), 0);
  std::fill_n(list.begin(), right, 1);
  return list;
}

TEST(Gate, ComparesTheBoundAndSaysHowManyCasesWouldDecide) {
  EXPECT_EQ(judged("accuracy", ">= 0.7", results_of(of(90, 100))).verdict, Verdict::passed);
  EXPECT_EQ(judged("accuracy", ">= 0.7", results_of(of(30, 100))).verdict, Verdict::failed);
  const Judged few = judged("accuracy", ">= 0.7", results_of(of(16, 20)));
  EXPECT_EQ(few.verdict, Verdict::undecided);
  EXPECT_THAT(few.reason, AllOf(HasSubstr("16 of 20"), HasSubstr("81 cases would pass")));
  EXPECT_THAT(judged("accuracy", ">= 0.7", results_of(of(14, 20))).reason,
              HasSubstr("no number of cases"));
  EXPECT_EQ(judged("accuracy", "<= 0.5", results_of(of(10, 100))).verdict, Verdict::passed);
  EXPECT_EQ(judged("brier", "<= 0.3", results_of({1, 0})).verdict, Verdict::passed);
  EXPECT_EQ(judged("brier", ">= 0.3", results_of({1, 0})).verdict, Verdict::failed);
}

TEST(Gate, ComparesTheSameCasesWithThePreviousModel) {
  const std::vector<double> before = {3.0, 5.0, 4.0, 6.0, 1.0}, same = {3.01, 4.98, 4.01, 6.0, 1.0};
  std::vector<double> worse = before;
  for (double& loss : worse) loss += 0.2;
  worse[1] += 0.05;
  const Results old = results_of(of(5, 5), before);
  const auto verdict = [&](const std::vector<double>& now, const char* condition) {
    return judged("loss", condition, results_of(of(5, 5), now), &old).verdict;
  };
  EXPECT_EQ(verdict(same, "<= previous + 3 sigma"), Verdict::passed);
  EXPECT_EQ(verdict(worse, "<= previous + 3 sigma"), Verdict::failed);
  EXPECT_EQ(verdict(worse, "<= previous + 0.5"), Verdict::passed);
  EXPECT_EQ(verdict(worse, "<= previous"), Verdict::failed);
  EXPECT_EQ(judged("loss", "<= previous + 3 sigma", old).verdict, Verdict::not_checked);
  const Results other = results_of({});
  EXPECT_THROW(judged("loss", "<= previous + 3 sigma", old, &other), Error);
  EXPECT_THAT([&] { judged("lost", ">= 1", old); },
              ThrowsMessage<Error>(AllOf(HasSubstr("suite.toml:9"), HasSubstr("accuracy, loss"))));
}

TEST(Results, ComeBackFromTheirFolder) {
  const Scratch scratch;
  Results results = results_of({1, 0, 1}, {2.5, 3.25, 0.1});
  results.tasks[0].cases[1].labels["year"] = "1999";
  write_results(scratch.path() / "r", results, "{}\n");
  const Results found = read_results(scratch.path() / "r");
  EXPECT_EQ(found.tasks[0].cases, results.tasks[0].cases);
  EXPECT_EQ(found.tasks[0].figures, results.tasks[0].figures);
  EXPECT_TRUE(is_results(scratch.path() / "r"));
  EXPECT_THROW(write_results(scratch.path() / "r", results, ""), Error);
  std::ofstream(scratch.path() / "r" / "cases.jsonl", std::ios::app) << "\n";
  EXPECT_THROW(read_results(scratch.path() / "r"), Error);
}

TEST(Results, ShowContaminatedCasesApart) {
  TaskResult task{"t", "choice"};
  for (int i = 0; i < 4; ++i) {
    task.cases.push_back({std::to_string(i),
                          {{"accuracy", i < 2 ? 1.0 : 0.0}},
                          {{"contaminated", i < 2 ? "yes" : "no"}}});
  }
  task.add({.name = "accuracy", .form = Form::share, .number = "accuracy"});
  EXPECT_EQ(task.find("accuracy")->value, 0.5);
  EXPECT_EQ(task.find("accuracy.clean")->value, 0.0);
  EXPECT_EQ(task.find("accuracy.dirty")->value, 1.0);
}

TEST(Corruption, IsAFunctionOfTextIdAndSeed) {
  const std::string text(4000, 'a');
  const Corruption typos = parse_corruption("typos:0.1");
  const std::string damaged = corrupted(text, typos, "id", 1);
  EXPECT_EQ(damaged, corrupted(text, typos, "id", 1));
  EXPECT_NE(damaged, corrupted(text, typos, "other", 1));
  EXPECT_NE(damaged, corrupted(text, typos, "id", 2));
  const auto left = std::count(damaged.begin(), damaged.end(), 'a');
  EXPECT_NEAR(static_cast<double>(left), 4000.0 - 0.1 * 4000 / 4,
              60.0);  // one in four is another letter
  EXPECT_EQ(corrupted("Ab c", parse_corruption("case"), "i", 1), "aB C");
  std::string shuffled = corrupted("a b  c\nd", parse_corruption("shuffle"), "i", 1);
  EXPECT_EQ(shuffled.size(), 8U);
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, "\n   abcd");
  for (const char* bad : {"typos", "typos:0", "typos:2", "case:x", "shuffle:1", ""}) {
    EXPECT_THROW(parse_corruption(bad), Error) << bad;
  }
}

TEST(Profile, NamesWhatChangedPlaces) {
  const Profile then{
      "hash", 50, {2.0, 3.0}, {{"layer1", {{10, 20, 30}, {"a", "b", "c"}, {"x", "y", "z"}}}}};
  EXPECT_EQ(parse_profile(json_of(then).dump(), "here"), then);
  EXPECT_TRUE(differences(then, then).empty());
  Profile now = then;
  now.layers["layer1"].experts = {"b", "a", "c"};
  EXPECT_THAT(differences(now, then), testing::ElementsAre(HasSubstr("experts of layer1")));
  now.layers["layer1"].router = {"y", "x", "z"};  // the same function
  EXPECT_TRUE(differences(now, then).empty());
  now = then;
  now.layers["layer1"].router = {"y", "x", "z"};
  now.losses[0] = 2.5;
  EXPECT_THAT(differences(now, then),
              testing::ElementsAre(HasSubstr("rows of layer1.router"), HasSubstr("2.7500")));
  now = then;
  now.tokenizer = "other";
  EXPECT_THAT(differences(now, then), testing::ElementsAre(HasSubstr("tokenizer")));
  now = then;
  now.layers["layer1"].load = {20, 10, 30};
  EXPECT_THAT(differences(now, then), testing::ElementsAre(HasSubstr("16.7 %")));
}

}  // namespace suite_test
}  // namespace switchyard::suites
