#include "launch/registry/promotion.h"

#include "io/checkpoint/checkpoint_file.h"
#include "io/folder/committed_folder.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace promotion_test {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class APromotion : public testing::Test {
 protected:
  static Json gate(const std::string& figure, const std::string& verdict) {
    return {{"figure", figure}, {"condition", ">= 0.5"}, {"verdict", verdict}, {"reason", "why"}};
  }
  // A folder of results as `evaluate --output` writes it.
  fs::path results(const Json& gates, const std::string& model) {
    const fs::path folder = scratch_ / ("results" + std::to_string(++folders_));
    fs::create_directories(folder);
    const Json json = {
        {"suite", "s"}, {"model", model}, {"tasks", Json::object()}, {"gates", gates}};
    const FileEntry entry = write_small_file(folder, {"results.json", json.dump()});
    commit_files(folder, {"results", 1, {entry}, {}});
    return folder;
  }
  int publish(const Json& gates) {
    Json facts;
    auto files = results_files(results(gates, model_.digest()), model_, facts);
    EXPECT_EQ(facts["results"]["gates"], gates);
    return registry_.publish(model_, {{{"config", "x"}}, std::move(files)}, {}).number;
  }
  std::string refusal(const Json& gates) {
    return judge_version(registry_, publish(gates)).refusal;
  }

  Scratch scratch_;
  CheckpointReader model_{fs::path(SWITCHYARD_SOURCE_DIR) / "tests/golden/checkpoint-2"};
  Registry registry_{scratch_ / "registry/name"};
  int folders_ = 0;
};

TEST_F(APromotion, NeedsThatEveryGateWasPassed) {
  EXPECT_EQ(refusal({gate("a.b", "passed"), gate("c.d", "passed")}), "");
  for (const char* verdict : {"failed", "too few cases", "not checked", ""})
    EXPECT_EQ(refusal({gate("a.b", "passed"), gate("c.d", verdict)}),
              "the gate c.d >= 0.5 is not passed")
        << verdict;
}

TEST_F(APromotion, NeedsGates) {
  EXPECT_NE(refusal(Json::array()).find("no gate"), std::string::npos);
  const int version = registry_.publish(model_, {{{"config", "x"}}, {}}, {}).number;
  EXPECT_NE(judge_version(registry_, version).refusal.find("no results"), std::string::npos);
}

TEST_F(APromotion, SaysWhatEachGateSaid) {
  const int version = publish(Json::array({gate("a.b", "passed")}));
  EXPECT_EQ(judge_version(registry_, version).gates,
            std::vector<std::string>{"gate a.b >= 0.5: passed: why"});
}

TEST_F(APromotion, TakesNoResultsOfAnotherModel) {
  Json facts;
  try {
    results_files(results(Json::array(), "another"), model_, facts);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::data);
    EXPECT_NE(std::string(error.what()).find("another model"), std::string::npos);
  }
}

}  // namespace promotion_test
}  // namespace switchyard
