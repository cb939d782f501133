#include "io/registry/registry.h"

#include <algorithm>
#include <cstdlib>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/committed_folder.h"
#include "io/registry/sums.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace registry_test {

namespace fs = std::filesystem;

const fs::path golden = fs::path(SWITCHYARD_SOURCE_DIR) / "tests" / "golden";

PackageContent content(const std::string& card = "A card.\n") {
  return {{{"config", "x"}}, {{"README.md", card}, {"tokenizer-1.model", "words"}}};
}

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {Exit::done, "no error"};
}

class APackage : public testing::Test {
 protected:
  PackageVersion publish(const std::string& card = "A card.\n") {
    return registry_.publish(model_, content(card), {{"time", "now"}});
  }
  // Another byte in the middle of a file of a version.
  void damage(int version, const std::string& name) const {
    const fs::path file = registry_.folder_of(version) / name;
    std::string bytes = contents_of(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    put_contents(file, bytes);
  }
  void promote_all(int versions) {
    for (int i = 1; i <= versions; ++i) {
      publish();
      registry_.promote(i, {});
    }
  }

  Scratch scratch_;
  CheckpointReader model_{golden / "checkpoint-2"};
  Registry registry_{scratch_ / "registry/name"};
};

TEST_F(APackage, HoldsTheWeightsOfItsModelAndNothingOfItsTraining) {
  const PackageVersion made = publish();
  EXPECT_EQ(made.number, 1);
  const CheckpointReader package(registry_.folder_of(1));
  EXPECT_TRUE(package.is_model());
  EXPECT_EQ(package.known_step(), 3);
  EXPECT_EQ(package.read_file("README.md"), "A card.\n");
  package.verify();
  std::size_t weights = 0;
  for (const std::string& name : model_.names()) {
    if (!name.starts_with("value/") && !name.starts_with("gate/")) continue;
    ++weights;
    const Extent &from = model_.extent(name), &to = package.extent(name);
    ASSERT_EQ(from.shape, to.shape);
    std::vector<std::byte> a(static_cast<std::size_t>(from.bytes)), b(a.size());
    model_.read_bytes(name, 0, a);
    package.read_bytes(name, 0, b);
    EXPECT_EQ(a, b) << name;
  }
  EXPECT_GT(weights, 0U);
  EXPECT_EQ(package.names().size(), weights);
}

TEST_F(APackage, IsTheSameBitForBitWhenMadeTwice) {
  EXPECT_EQ(publish().sha256, publish().sha256);
  for (const auto& entry : fs::directory_iterator(registry_.folder_of(1)))
    EXPECT_EQ(contents_of(entry.path()),
              contents_of(registry_.folder_of(2) / entry.path().filename()));
  EXPECT_NE(publish("Another card.\n").sha256, package_hash(registry_.folder_of(1)));
}

TEST_F(APackage, IsAcceptedBySha256sum) {
  publish();
  const std::string command = "cd '" + registry_.folder_of(1).string() +
                              "' && sha256sum --strict --quiet -c SHA256SUMS && "
                              "[ $(wc -l <SHA256SUMS) = $(ls | grep -vc SHA256SUMS) ]";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(APackage, IsBadIfAByteOfAnyFileIsAnother) {
  publish();
  EXPECT_EQ(registry_.problem_of(1), std::nullopt);
  for (const auto& entry : fs::directory_iterator(registry_.folder_of(1))) {
    const std::string name = entry.path().filename().string();
    const std::string good = contents_of(entry.path());
    damage(1, name);
    EXPECT_NE(registry_.problem_of(1).value_or("").find(name), std::string::npos) << name;
    put_contents(entry.path(), good);
  }
  put_contents(registry_.folder_of(1) / "stranger", "");
  EXPECT_NE(registry_.problem_of(1).value_or("").find("stranger"), std::string::npos);
}

TEST_F(APackage, IsBadIfItsSumsWereMadeAgain) {
  publish();
  publish("Another card.\n");
  const fs::path good = registry_.folder_of(1);
  fs::remove_all(good);
  fs::copy(registry_.folder_of(2), good);
  EXPECT_NE(registry_.problem_of(1).value_or("").find("published"), std::string::npos);
}

TEST_F(APackage, TakesTheFolderOfAPublisherThatWasKilled) {
  publish();
  fs::create_directories(registry_.folder_of(2));
  put_contents(registry_.folder_of(2) / "rank-00000.h5", "half");
  EXPECT_EQ(registry_.versions(), std::vector{1});
  EXPECT_EQ(publish().number, 2);
  EXPECT_EQ(registry_.problem_of(2), std::nullopt);
}

TEST_F(APackage, IsCurrentOnceItIsPromoted) {
  promote_all(2);
  EXPECT_EQ(registry_.current()->version.number, 2);
  EXPECT_EQ(find_package(registry_.folder().string()), registry_.folder_of(2));
  EXPECT_EQ(find_package(registry_.folder().string() + "@1"), registry_.folder_of(1));
  EXPECT_EQ(find_package((golden / "checkpoint-2").string()), std::nullopt);
  EXPECT_EQ(error_of([&] { find_package(registry_.folder().string() + "@7"); }).code(), Exit::data);
  EXPECT_EQ(error_of([&] { registry_.promote(7, {}); }).code(), Exit::data);
}

TEST_F(APackage, IsNotPromotedWhenItIsDamaged) {
  promote_all(1);
  publish();
  damage(2, "rank-00000.h5");
  EXPECT_EQ(error_of([&] { registry_.promote(2, {}); }).code(), Exit::data);
  EXPECT_EQ(registry_.current()->version.number, 1);
}

TEST_F(APackage, RollsBackPastADamagedVersionAndSaysSo) {
  promote_all(3);
  damage(2, "README.md");
  std::vector<std::string> skipped;
  EXPECT_EQ(registry_.roll_back({}, {}, skipped).number, 1);
  ASSERT_EQ(skipped.size(), 1U);
  EXPECT_NE(skipped[0].find("version 2"), std::string::npos);
  EXPECT_NE(skipped[0].find("README.md"), std::string::npos);
  EXPECT_EQ(registry_.current()->version.number, 1);
  const Error none = error_of([&] { registry_.roll_back({}, {}, skipped); });
  EXPECT_EQ(none.code(), Exit::data);
  EXPECT_EQ(registry_.current()->version.number, 1);
}

TEST_F(APackage, RollsBackToAVersionThatWasCurrentAlone) {
  promote_all(3);
  publish();
  std::vector<std::string> skipped;
  EXPECT_EQ(error_of([&] { registry_.roll_back(4, {}, skipped); }).code(), Exit::data);
  EXPECT_EQ(registry_.roll_back(1, {}, skipped).number, 1);
  registry_.promote(3, {});
  EXPECT_EQ(registry_.roll_back({}, {}, skipped).number, 1);
}

TEST_F(APackage, NeverTakesANumberTwice) {
  publish();
  publish();
  fs::remove_all(registry_.folder_of(2));
  EXPECT_EQ(publish().number, 3);
}

TEST_F(APackage, HasItsTimesInTheLogAlone) {
  publish();
  registry_.promote(1, {{"time", "then"}});
  const auto log = registry_.log();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].dump(), "{\"action\":\"publish\",\"version\":1,\"sha256\":\"" +
                               package_hash(registry_.folder_of(1)) + "\",\"time\":\"now\"}");
  EXPECT_EQ(log[1]["action"], "promote");
}

TEST_F(APackage, CannotBePromotedOverADamagedPointerUnnoticed) {
  promote_all(1);
  put_contents(registry_.folder() / "current.json", "{\"version\": 1");
  const Error error = error_of([&] { registry_.current(); });
  EXPECT_EQ(error.code(), Exit::data);
  EXPECT_NE(std::string(error.what()).find("current.json"), std::string::npos);
}

}  // namespace registry_test
}  // namespace switchyard
