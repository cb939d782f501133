// `switchyard model quantize`, `prune` and `experts`.
#include <fmt/format.h>

#include <optional>
#include <sstream>

#include "io/files/toml.h"
#include "launch/commands/model/model_action.h"
#include "launch/commands/model/recipe_output.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

std::string in_toml(const auto& node) {
  std::ostringstream text;
  text << node;
  return text.str();
}

// A recipe in the words of docs/quantize-and-prune.md, from options.
class CompressionAction : public ModelAction {
 public:
  CompressionAction(CLI::App& model, const std::string& name, const std::string& meaning,
                    std::string by)
      : ModelAction(model, name, meaning), method_(name), by_(std::move(by)) {
    app_.add_option("MODEL", path_, "A run, a checkpoint or a model folder")->required();
    output_.add_to(app_);
    app_.add_option("--calibrate", dataset_, "The dataset of methods that look at data")
        ->type_name("DATASET");
    app_.add_option("--tokens", tokens_, "How many of its tokens they look at")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }

  Exit run(Comm& world) override {
    models::Recipe recipe;
    agree(world, [&] { recipe = models::parse_recipe(text(), "switchyard model " + method_); });
    return output_.make(recipe, world);
  }

 protected:
  // The option that says how, from the methods that there are.
  void add_method(const std::string& option, const std::string& meaning,
                  const std::vector<std::string>& methods) {
    by_option_ = option;
    app_.add_option(option, by_, meaning)->check(CLI::IsMember(methods))->capture_default_str();
  }
  void add_only() {
    app_.add_option("--only", only_,
                    "Change these weights alone: roles (attention, ffn, experts, shared) or "
                    "patterns of names")
        ->delimiter(',');
  }
  const std::string& by() const { return by_; }
  virtual bool looks_at_data() const { return by_ != "nearest" && by_ != "magnitude"; }
  virtual std::string keys() const = 0;  // of the method alone

 private:
  std::string text() const {
    std::string text = fmt::format("method = \"{}\"\nby = \"{}\"\n{}", method_, by_, keys());
    if (!only_.empty()) {
      toml::array only;
      for (const std::string& choice : only_) only.push_back(choice);
      text += fmt::format("only = {}\n", in_toml(only));
    }
    require(!looks_at_data() || !dataset_.empty(), Exit::usage,
            "{} {} looks at data: name a dataset with --calibrate", by_option_, by_);
    require(looks_at_data() || dataset_.empty(), Exit::usage,
            "{} {} looks at no data: leave --calibrate out", by_option_, by_);
    if (looks_at_data())
      text += fmt::format("calibrate = {}\ntokens = {}\n", in_toml(toml::value(dataset_)), tokens_);
    return text + fmt::format("[[input]]\npath = {}\n", in_toml(toml::value(path_)));
  }

  std::string method_, by_option_, by_, path_, dataset_;
  std::vector<std::string> only_;
  std::int64_t tokens_ = std::int64_t{1} << 18;
  RecipeOutput output_;
};

class QuantizeAction : public CompressionAction {
 public:
  explicit QuantizeAction(CLI::App& model)
      : CompressionAction(model, "quantize", "Write weights as int8 or int4 codes", "nearest") {
    app_.add_option("--bits", bits_, "8 or 4")->check(CLI::IsMember({8, 4}))->required();
    app_.add_option("--group", group_,
                    "Columns that share a scale; 0: all of a row (default: 0 with 8 bits, 128 with "
                    "4)");
    add_method("--method", "nearest, or gptq, which needs --calibrate", {"nearest", "gptq"});
    add_only();
  }

 private:
  std::string keys() const override {
    const std::string bits = fmt::format("bits = {}\n", bits_);
    return group_ ? bits + fmt::format("group = {}\n", *group_) : bits;
  }

  int bits_ = 8;
  std::optional<std::int64_t> group_;
};

class PruneAction : public CompressionAction {
 public:
  explicit PruneAction(CLI::App& model)
      : CompressionAction(model, "prune", "Set weights to 0", "magnitude") {
    CLI::Option* sparsity =
        app_.add_option("--sparsity", sparsity_, "The share of weights that go, below 1");
    app_.add_option("--pattern", pattern_, "2:4: two of every four weights of a row")
        ->check(CLI::IsMember({"2:4"}))
        ->excludes(sparsity);
    add_method("--method", "magnitude, or wanda or sparsegpt, which need --calibrate",
               {"magnitude", "wanda", "sparsegpt"});
    add_only();
  }

 private:
  std::string keys() const override {
    require(sparsity_.has_value() || !pattern_.empty(), Exit::usage,
            "say how much to prune with --sparsity 0.5 or --pattern 2:4");
    return sparsity_ ? fmt::format("sparsity = {}\n", *sparsity_)
                     : fmt::format("pattern = \"{}\"\n", pattern_);
  }

  std::optional<double> sparsity_;
  std::string pattern_;
};

class ExpertsAction : public CompressionAction {
 public:
  explicit ExpertsAction(CLI::App& model)
      : CompressionAction(model, "experts", "Leave experts out, or merge them", "reap") {
    app_.add_option("--keep", keep_, "How many experts of each layer stay")->required();
    app_.add_option("--seed", seed_, "Of random, and of the rows drawn from the dataset")
        ->capture_default_str();
    app_.add_flag("--merge", merge_,
                  "Average those that go into those that stay, by the tokens that chose them; "
                  "needs --calibrate");
    add_method("--by",
               "Which stay: reap (the mean of weight times norm of the output), man (the norm), "
               "frequency, or random, which needs no --calibrate",
               {"reap", "man", "frequency", "random"});
  }

 private:
  bool looks_at_data() const override { return by() != "random" || merge_; }
  std::string keys() const override {
    return fmt::format("keep = {}\nmerge = {}\nseed = {}\n", keep_, merge_, seed_);
  }

  std::int64_t keep_ = 0, seed_ = 0;
  bool merge_ = false;
};

}  // namespace

std::unique_ptr<ModelAction> make_quantize_action(CLI::App& model) {
  return std::make_unique<QuantizeAction>(model);
}

std::unique_ptr<ModelAction> make_prune_action(CLI::App& model) {
  return std::make_unique<PruneAction>(model);
}

std::unique_ptr<ModelAction> make_experts_action(CLI::App& model) {
  return std::make_unique<ExpertsAction>(model);
}

}  // namespace switchyard
