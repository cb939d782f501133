#include "launch/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "launch/config/config_table.h"
#include "launch/host/environment.h"
#include "runtime/error.h"
#include "tests/launch/config/config_failure.h"

namespace switchyard {
namespace config_test {

using config_failure::failure;
using config_failure::failure_of;
using config_failure::with;
using testing::HasSubstr;

class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& text)
      : path_(testing::TempDir() + name) {
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(Config, EveryKeyReadsBackAsItPrints) {
  const Config config =
      with({"train.learning_rate=0.1234567890123456789", "router.balance_loss=0.1",
            "model.dense_layers=[0, 2]", "run.directory=a \"b\" \\ c", "train.epsilon=1e-30",
            "model.rope_base=1e6", "parallel.experts=4", "train.exact=false",
            "data.weights.web=0.5", "data.weights.my.code=2",
            "router.group_experts={ b = [1], a = [0, 2] }", "router.group_experts.c=[3]"});
  const std::string text = print_config(config, Docs::yes);
  Config again;
  apply_toml(again, text, "printed");
  EXPECT_EQ(print_config(again, Docs::yes), text);
  EXPECT_EQ(again.train.learning_rate, config.train.learning_rate);
  EXPECT_EQ(again.router.balance_loss, config.router.balance_loss);
  EXPECT_EQ(again.router.group_experts, (NamedSets{{"a", {0, 2}}, {"b", {1}}, {"c", {3}}}));
  EXPECT_EQ(again.run.directory, "a \"b\" \\ c");
  EXPECT_EQ(again.model.dense_layers, (std::vector<std::int64_t>{0, 2}));
}

TEST(Config, SetChangesOneWeight) {
  const TemporaryFile file("weights.toml", "[data.weights]\nweb = 0.5\ncode = 2\n");
  const Config config = load_config({{}, file.path(), {"data.weights.web=0.25"}});
  EXPECT_EQ(config.data.weights, (SourceWeights{{"web", 0.25}, {"code", 2.0}}));
}

TEST(Config, ResumeMayNotChangeWeights) {
  const auto changed = changed_fixed_keys(with({"data.weights.web=2"}), with({}));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0], "data.weights (was { web = 2.0 }, is {})");
}

TEST(Config, SetAddsOnePhase) {
  const TemporaryFile file("phases.toml", "[data.phases.a]\nfrom = 5\nweights = { web = 2 }\n");
  const Config config =
      load_config({{}, file.path(), {"data.phases.b={ from = 9, weights = { web = 3.0 } }"}});
  EXPECT_EQ(config.data.phases.size(), 2U);
  EXPECT_EQ(config.data.phases.at("b").weights, (SourceWeights{{"web", 3.0}}));
}

TEST(Config, DefaultsAreAllowed) {
  const std::string text = print_config(Config{}, Docs::no);
  Config again;
  apply_toml(again, text, "printed");
  EXPECT_EQ(print_config(again, Docs::no), text);
}

TEST(Config, UnknownKeyNamesLineAndNearest) {
  const std::string message = failure_of("[train]\nsteps = 3\nlearning_rat = 1.0\n");
  EXPECT_THAT(message, HasSubstr("my.toml, line 3"));
  EXPECT_THAT(message, HasSubstr("did you mean train.learning_rate?"));
}

std::string suggestion_for(const std::string& key) {
  const std::string message = failure([&] { with({key + "=1"}); });
  const std::size_t begin = message.find("did you mean ");
  if (begin == std::string::npos) return "";
  return message.substr(begin + 13, message.find('?') - begin - 13);
}

TEST(Config, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(suggestion_for("train.lerning_rate"), "train.learning_rate");
  EXPECT_EQ(suggestion_for("data.seq_len"), "data.sequence_length");
  EXPECT_EQ(suggestion_for("train.lr"), "train.learning_rate");
  EXPECT_EQ(suggestion_for("train.min_lr"), "train.min_learning_rate");
  EXPECT_EQ(suggestion_for("learning_rate"), "train.learning_rate");
  EXPECT_EQ(suggestion_for("model.top_k"), "router.top_k");
  EXPECT_EQ(suggestion_for("modle.hidden"), "model.hidden");
  EXPECT_EQ(suggestion_for("model.n_layers"), "model.num_layers");
  EXPECT_EQ(suggestion_for("data.bananas"), "");
  EXPECT_EQ(suggestion_for("optimizer.name"), "");
}

TEST(Config, AllMistakesAreReportedAtOnce) {
  const TemporaryFile file("mistakes.toml", "[train]\nstep = 3\nbeta1 = 7\nseed = 2\n");
  const std::string message = failure([&] {
    load_config({{}, file.path(), {"run.threads=many", "nonsense"}});
  });
  EXPECT_THAT(message, HasSubstr("the config has 4 mistakes:\n"));
  for (const char* part : {"line 2: unknown key train.step", "line 3: train.beta1 = 7",
                           "--set run.threads=many: ", "--set nonsense: write it as"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST(Config, PathsMayBeginWithTheHomeDirectory) {
  const std::string home = environment_variable("HOME");
  ASSERT_FALSE(home.empty());
  Config config;
  apply_toml(config, "run.directory = '~/a'\ndata.dataset = '~'\nrouter.record = 'x/~/y'\n", "f");
  EXPECT_EQ(config.run.directory, home + "/a");
  EXPECT_EQ(config.data.dataset, home);
  EXPECT_EQ(config.router.record, "x/~/y");
  EXPECT_EQ(with({"checkpoint.local_dir=~/b"}).checkpoint.local_dir, home + "/b");
  EXPECT_THAT(failure([] { with({"run.directory=~somebody/a"}); }), HasSubstr("not with ~NAME"));
}

TEST(Config, WhatAResumedRunChangedIsNamed) {
  EXPECT_EQ(changed_free_keys(with({"run.directory=a"}),
                              with({"run.directory=b", "train.steps=7", "train.clip_norm=2"})),
            (std::vector<std::string>{"train.steps (was 1000, is 7)",
                                      "train.clip_norm (was 1.0, is 2.0)"}));
}

// As the configs in checkpoints of earlier versions have them.
TEST(Config, RetiredKeysThatChangedNothingAreSkipped) {
  Config config;
  apply_toml(config, "[router]\nnode_sums = false\ntop_k = 3\n", "old.toml");
  EXPECT_EQ(config.router.top_k, 3);
}

TEST(Config, RetiredKeysThatChangedSomethingAreRefusedByName) {
  EXPECT_THAT(failure_of("[router]\nnode_sums = true\n"),
              HasSubstr("router.node_sums = true is no longer supported"));
}

TEST(Config, UnknownKeyOfSetIsAnError) {
  EXPECT_THAT(failure([] { with({"parallel.expert=2"}); }),
              HasSubstr("did you mean parallel.experts?"));
}

TEST(Config, ATableInPlaceOfAValueIsUnknown) {
  EXPECT_THAT(failure_of("[train.steps]\nof = 3\n"), HasSubstr("unknown key train.steps.of"));
}

TEST(Config, WrongTypeSaysWhatIsAllowed) {
  EXPECT_THAT(failure_of("train.steps = \"many\""),
              HasSubstr("train.steps = 'many' is not allowed: it must be an integer"));
  EXPECT_THAT(failure_of("train.steps = 1.5"), HasSubstr("an integer"));
  EXPECT_THAT(failure_of("train.exact = 1"), HasSubstr("true or false"));
  EXPECT_THAT(failure_of("run.directory = 1"), HasSubstr("text"));
  EXPECT_THAT(failure_of("model.dense_layers = 1"), HasSubstr("a list of integers"));
  EXPECT_THAT(failure_of("train.learning_rate = true"), HasSubstr("a number"));
}

TEST(Config, OutOfRangeSaysTheRange) {
  EXPECT_THAT(failure_of("train.beta1 = 1.5"), HasSubstr("a number from 0 to 0.999999"));
  EXPECT_THAT(failure_of("model.head_dim = -2"), HasSubstr("an integer from 2 to 4096"));
  EXPECT_THAT(failure_of("train.clip_norm = nan"), HasSubstr("train.clip_norm"));
  EXPECT_THAT(failure_of("model.dense_layers = [-1]"), HasSubstr("model.dense_layers"));
  EXPECT_THAT(failure([] { with({"train.steps=99999999999999999999"}); }),
              HasSubstr("train.steps"));
}

TEST(Config, NamedValuesAreReadAndPrinted) {
  const Config config = with({"router.gate=hash", "router.exchange=\"auto\"", "router.payload=int8",
                              "router.balance_over=sequence", "router.drop=position",
                              "train.precision=bf16", "train.moments=bf16", "run.device=cuda"});
  EXPECT_EQ(config.router.gate, GateKind::hash);
  EXPECT_EQ(config.router.exchange, ExchangeKind::automatic);
  EXPECT_EQ(config.router.payload, Payload::int8);
  EXPECT_EQ(config.router.balance_over, BalanceOver::sequence);
  EXPECT_EQ(config.router.drop, DropBy::position);
  EXPECT_EQ(config.train.precision, FloatFormat::bf16);
  EXPECT_EQ(config.train.moments, FloatFormat::bf16);
  EXPECT_EQ(config.run.device, Device::Kind::cuda);
  const std::string text = print_config(config, Docs::yes);
  EXPECT_THAT(text, HasSubstr("exchange = 'auto' "));
  EXPECT_THAT(text, HasSubstr(": flat, shared_memory, hierarchical, pipelined, auto\n"));
}

TEST(Config, QkNormIsABooleanOrAName) {
  EXPECT_EQ(with({}).model.qk_norm, QkNorm::head);
  EXPECT_EQ(with({"model.qk_norm=false"}).model.qk_norm, QkNorm::none);
  EXPECT_EQ(with({"model.qk_norm=true"}).model.qk_norm, QkNorm::head);
  EXPECT_EQ(with({"model.qk_norm=head"}).model.qk_norm, QkNorm::head);
  Config config = with({"model.qk_norm=projection"});
  EXPECT_EQ(config.model.qk_norm, QkNorm::projection);
  EXPECT_THAT(print_config(config, Docs::no), HasSubstr("qk_norm = 'projection'\n"));
  apply_toml(config, "model.qk_norm = true", "text");
  EXPECT_EQ(config.model.qk_norm, QkNorm::head);
  EXPECT_THAT(print_config(config, Docs::no), HasSubstr("qk_norm = true\n"));
  EXPECT_THAT(failure_of("model.qk_norm = 1"),
              HasSubstr("it must be false or true or \"projection\""));
  EXPECT_THAT(failure_of("router.gate = true"), HasSubstr("router.gate"));
}

// The same list of names serves both.
TEST(Config, NamesAreListedWhereOneIsUnknown) {
  EXPECT_THAT(failure_of("router.gate = \"top2\""),
              HasSubstr("router.gate = 'top2' is not allowed: it must be \"softmax_topk\" or "
                        "\"topk_softmax\" or"));
  EXPECT_THAT(failure_of("train.precision = \"int8\""),
              HasSubstr("it must be \"f32\" or \"bf16\""));
  EXPECT_THAT(failure_of("router.drop = 1"), HasSubstr("\"probability\" or \"position\""));
  EXPECT_THAT(failure([] { with({"run.device=gpu"}); }), HasSubstr("\"cpu\" or \"cuda\""));
}

TEST(Config, ResumeMayNotChangeAFixedName) {
  const auto changed = changed_fixed_keys(with({"router.gate=sigmoid", "router.exchange=auto"}),
                                          with({"router.exchange=flat"}));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0], "router.gate (was 'sigmoid', is 'softmax_topk')");
}

TEST(Config, ExpertDegreeIsAutoOrACount) {
  EXPECT_EQ(with({"parallel.experts=auto"}).parallel.experts, "auto");
  EXPECT_EQ(with({"parallel.experts=8"}).parallel.experts, "8");
  EXPECT_THAT(failure_of("parallel.experts = 0"), HasSubstr("\"auto\" or a positive integer"));
  EXPECT_THAT(failure_of("parallel.experts = \"all\""),
              HasSubstr("\"auto\" or a positive integer"));
  Config config;
  apply_toml(config, "parallel.experts = 4", "my.toml");
  EXPECT_EQ(config.parallel.experts, "4");
}

TEST(Config, SyntaxErrorNamesItsLine) {
  EXPECT_THAT(failure_of("[train]\nsteps = = 3"), HasSubstr("my.toml, line 2"));
}

TEST(Config, SetNeedsAnEqualsSign) {
  EXPECT_THAT(failure([] { with({"train.steps"}); }), HasSubstr("write it as --set key=value"));
}

TEST(Config, SetCannotCarryASecondKey) {
  EXPECT_THAT(failure([] { with({"train.steps=3\nother=4"}); }), HasSubstr("not a TOML value"));
}

TEST(Config, LaterSourcesWin) {
  const TemporaryFile site("site.toml",
                           "train.steps = 1\ntrain.seed = 1\ntrain.warmup_steps = 1\n");
  const TemporaryFile file("file.toml", "train.steps = 2\ntrain.seed = 2\n");
  const Config config = load_config({site.path(), file.path(), {"train.steps=3"}});
  EXPECT_EQ(config.train.warmup_steps, 1);
  EXPECT_EQ(config.train.seed, 2);
  EXPECT_EQ(config.train.steps, 3);
}

TEST(Config, MissingFileIsAnError) {
  EXPECT_THAT(failure([] {
                load_config({{}, "no/such.toml", {}});
              }),
              HasSubstr("there is no config file no/such.toml"));
}

TEST(Config, ResumeMayChangeStepsButNotShapeNorSeed) {
  EXPECT_TRUE(changed_fixed_keys(with({}),
                                 with({"train.steps=7", "train.learning_rate=1", "run.threads=2"}))
                  .empty());
  const auto changed = changed_fixed_keys(with({}), with({"model.hidden=128", "train.seed=9"}));
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0], "model.hidden (was 256, is 128)");
  EXPECT_EQ(changed[1], "train.seed (was 1, is 9)");
}

TEST(Config, EveryKeyIsDocumentedOnce) {
  Config config;
  std::set<std::string_view> names;
  for (const ConfigKey& key : config_keys(config)) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
  }
}

}  // namespace config_test
}  // namespace switchyard
