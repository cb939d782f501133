#include "launch/models/make_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "io/checkpoint/checkpoint.h"
#include "io/transform/copies.h"
#include "launch/hugging_face/hub_import.h"
#include "launch/models/assignment.h"
#include "launch/models/sources.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "runtime/random.h"
#include "tests/io/scratch.h"
#include "tests/launch/hugging_face/families.h"
#include "tests/launch/hugging_face/hub_folder.h"
#include "tests/rank_test.h"

namespace switchyard::models {
namespace make_model_test {

using namespace hub::hub_test;
using hub::ExpertNames;
using hub::Family;
using testing::HasSubstr;
namespace fs = std::filesystem;

// Folders of transformers as sources and results of recipes.
class MakeModel : public testing::Test {
 protected:
  MakeModel() {
    on_root(world_, [&] {
      const FolderOptions fused{
          .dtype = "BF16", .shard_bytes = 3000, .names = [](int) { return ExpertNames::fused; }};
      write_hub_folder(scratch_ / "hub", family_, of(family_), fused);
    });
    hub::import_model({.from = scratch_ / "hub", .folder = scratch_ / "model", .tokenizer = ""},
                      world_);
  }

  Recipe recipe(const std::string& head, const std::vector<std::string>& inputs) {
    std::string text = head;
    for (const std::string& input : inputs)
      text += "\n[[input]]\npath = \"" + (scratch_ / input).string() + "\"\n";
    return parse_recipe(text, "recipe");
  }
  // The digest of the result, on all ranks.
  std::string made(const Recipe& recipe, MakeInto into, const std::string& name = "") {
    const ModelMade made = make_model(recipe, {into, scratch_ / name}, world_);
    return broadcast_text(world_, made.digest, 0);
  }
  std::string digest(const std::string& name) {
    return open_model(scratch_ / name, world_).digest();
  }

  Comm& world_ = test_world();
  const SharedScratch scratch_{world_};
  const Family family_ = Family::qwen3_moe;
};

TEST_F(MakeModel, AFolderOfTransformersHasTheHashOfItsImport) {
  EXPECT_EQ(digest("hub"), digest("model"));
}

TEST_F(MakeModel, AFolderOfTransformersIsASourceAndAResult) {
  const Recipe same = recipe("method = \"average\"", {"hub", "model"});
  EXPECT_EQ(made(same, MakeInto::model, "average"), digest("model"));
  EXPECT_EQ(made(same, MakeInto::hash), digest("model"));
  made(same, MakeInto::hugging_face, "back");
  EXPECT_EQ(digest("back"), digest("model"));
  EXPECT_EQ(broadcast_text(world_, rebuild_model(scratch_ / "back", world_).digest, 0),
            digest("model"));
}

TEST_F(MakeModel, ASourceThatChangedIsNamed) {
  made(recipe("method = \"average\"", {"hub", "model"}), MakeInto::model, "average");
  on_root(world_, [&] {
    for (const auto& entry : fs::directory_iterator(scratch_ / "hub")) {
      if (entry.path().extension() != ".safetensors") continue;
      flip_bit(entry.path(), static_cast<std::int64_t>(fs::file_size(entry.path())) - 5);
      break;
    }
  });
  const Thrown thrown = thrown_by([&] { rebuild_model(scratch_ / "average", world_); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_THAT(thrown.message, HasSubstr((scratch_ / "hub").string() + " is not what it was"));
}

// The same model with its experts in another order.
TEST_F(MakeModel, StrangersAreMatchedBeforeTheyAreAveraged) {
  const CheckpointReader model = open_model(scratch_ / "model", world_);
  const std::vector<std::size_t> order = {2, 0, 3, 1};
  std::vector<TensorPlan> plans;
  for (const std::string& name : model.names()) {
    TensorPlan plan = copy_plan({name, model.shape(name), model.dtype(name)}, 0, name);
    const std::string bare = name.substr(name.find('/') + 1);
    if (auto expert = ExpertPart::of_name(bare)) {
      expert->expert = static_cast<int>(order[static_cast<std::size_t>(expert->expert)]);
      plan.parts[0].inputs[0].name = "value/" + expert->name();
    } else if (name.ends_with(".router")) {
      plan.parts.clear();
      const std::int64_t cols = model.shape(name)[1];
      for (const std::size_t row : order)
        plan.parts.push_back({cols, {{0, name, static_cast<std::int64_t>(row) * cols}}, copy_op()});
    }
    plans.push_back(std::move(plan));
  }
  {
    ModelWriter writer(scratch_ / "permuted", tensors_of(plans),
                       {.meta = model.meta(), .files = {}}, world_);
    const CheckpointReader* const sources[] = {&model};
    run_plans(plans, sources, writer, world_);
    writer.commit();
  }
  EXPECT_NE(digest("permuted"), digest("model"));
  const Thrown thrown = thrown_by([&] {
    made(recipe("method = \"average\"", {"model", "permuted"}), MakeInto::hash);
  });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_THAT(thrown.message, HasSubstr("are averaged with match_experts = true"));
  EXPECT_EQ(made(recipe("method = \"average\"\nmatch_experts = true", {"model", "permuted"}),
                 MakeInto::hash),
            digest("model"));
}

TEST_F(MakeModel, KeepingAllExpertsIsTheIdentity) {
  const auto kept = [&](int keep) {
    return recipe("method = \"experts\"\nby = \"random\"\nkeep = " + std::to_string(keep),
                  {"model"});
  };
  EXPECT_EQ(made(kept(4), MakeInto::hash), digest("model"));
  EXPECT_NE(made(kept(3), MakeInto::hash), digest("model"));
  const Thrown thrown = thrown_by([&] { made(kept(1), MakeInto::hash); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_THAT(thrown.message, HasSubstr("fewer than the router.top_k = 2"));
}

TEST(Assignment, IsTheBestOfAll) {
  const Random random(1, Purpose::init);
  for (std::uint64_t round = 0; round < 50; ++round) {
    constexpr std::size_t n = 6;
    std::vector<double> values(n * n);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = std::floor(8 * random.uniform(round * 100 + i)) - 4;
    std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
    const auto sum = [&](const std::vector<std::size_t>& columns) {
      double total = 0;
      for (std::size_t row = 0; row < n; ++row) total += values[row * n + columns[row]];
      return total;
    };
    double best = -1e9;
    do best = std::max(best, sum(order));
    while (std::ranges::next_permutation(order).found);
    const std::vector<std::size_t> found = best_assignment(values, n);
    EXPECT_EQ(std::set<std::size_t>(found.begin(), found.end()).size(), n);
    EXPECT_EQ(sum(found), best);
  }
}

TEST_F(MakeModel, PredictsSecondsOfEachRank) {
  const ModelMade planned =
      make_model(recipe("method = \"average\"", {"hub", "model"}), {MakeInto::nothing, {}}, world_);
  EXPECT_EQ(planned.prediction.seconds.size(), static_cast<std::size_t>(world_.size()));
  for (const double seconds : planned.prediction.seconds) EXPECT_GT(seconds, 0);
}

}  // namespace make_model_test
}  // namespace switchyard::models
