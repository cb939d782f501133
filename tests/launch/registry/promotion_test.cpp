#include "launch/registry/promotion.h"

#include "launch/suites/results.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace promotion_test {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class APromotion : public testing::Test {
 protected:
  static Json gate(const std::string& condition) {
    return {{"figure", "facts.accuracy"}, {"condition", condition}};
  }
  // Of 100 cases, the first `right` ones right.
  suites::Results results(int right, const Json& gates) const {
    suites::TaskResult task{"facts", "choice"};
    for (int i = 0; i < 100; ++i)
      task.cases.push_back({"case" + std::to_string(i), {{"accuracy", i < right ? 1.0 : 0.0}}});
    task.add({.name = "accuracy", .form = suites::Form::share, .number = "accuracy"});
    suites::Results all{
        .suite = "s", .suite_hash = "h", .model = model_.digest(), .tokenizer = "t"};
    all.tasks.push_back(std::move(task));
    all.gates = gates;
    return all;
  }
  fs::path folder_of(const suites::Results& results) {
    const fs::path folder = scratch_ / ("results" + std::to_string(++folders_));
    suites::write_results(folder, results, "{}");
    return folder;
  }
  int publish(int right, const Json& gates) {
    Json facts;
    auto files = results_files(folder_of(results(right, gates)), model_, facts);
    return registry_.publish(model_, {{{"config", "x"}}, std::move(files)}, {}).number;
  }
  std::string refusal(int version) const { return judge_version(registry_, version).refusal; }

  Scratch scratch_;
  CheckpointReader model_{fs::path(SWITCHYARD_SOURCE_DIR) / "tests/golden/checkpoint-2"};
  Registry registry_{scratch_ / "registry/name"};
  int folders_ = 0;
};

TEST_F(APromotion, NeedsThatNoGateSaysNo) {
  EXPECT_EQ(refusal(publish(90, Json::array({gate(">= 0.7")}))), "");
  EXPECT_EQ(refusal(publish(50, Json::array({gate(">= 0.7")}))),
            "the gate facts.accuracy >= 0.7 is not passed");
  EXPECT_EQ(refusal(publish(75, Json::array({gate(">= 0.7")}))),  // too few cases
            "the gate facts.accuracy >= 0.7 is not passed");
}

TEST_F(APromotion, ComparesWithTheVersionThatIsCurrentThen) {
  const Json gates = Json::array({gate(">= previous - 3 sigma")});
  const int first = publish(90, gates);
  ASSERT_EQ(judge_version(registry_, first).gates.size(), 1U);
  EXPECT_NE(judge_version(registry_, first).gates[0].find("not checked"), std::string::npos);
  EXPECT_EQ(refusal(first), "");
  registry_.promote(first, {});
  EXPECT_EQ(refusal(publish(89, gates)), "");
  EXPECT_EQ(refusal(publish(60, gates)),
            "the gate facts.accuracy >= previous - 3 sigma is not passed");
}

TEST_F(APromotion, NeedsGates) {
  EXPECT_NE(refusal(publish(90, Json::array())).find("no gate"), std::string::npos);
  const int version = registry_.publish(model_, {{{"config", "x"}}, {}}, {}).number;
  EXPECT_NE(refusal(version).find("no results"), std::string::npos);
}

TEST_F(APromotion, TakesNoResultsOfAnotherModel) {
  suites::Results another = results(90, Json::array());
  another.model = "another";
  Json facts;
  try {
    results_files(folder_of(another), model_, facts);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::data);
    EXPECT_NE(std::string(error.what()).find("another model"), std::string::npos);
  }
}

}  // namespace promotion_test
}  // namespace switchyard
