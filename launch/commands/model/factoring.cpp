// `switchyard model low-rank`, `fold` and `adapter`.
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "launch/commands/model/model_action.h"
#include "launch/commands/model/recipe_output.h"
#include "launch/host/counted.h"
#include "launch/models/peft/peft_adapter.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

// A recipe of one method and one input, from options.
class FactoringAction : public ModelAction {
 public:
  FactoringAction(CLI::App& model, const std::string& name, const std::string& meaning,
                  std::string method)
      : ModelAction(model, name, meaning), method_(std::move(method)) {
    app_.add_option("MODEL", path_, "A run, checkpoint or model folder")->required();
    output_.add_to(app_);
    app_.add_option("--dtype", dtype_, "f32 or bf16; by default that of each matrix")
        ->check(CLI::IsMember({"f32", "bf16"}));
  }

  Exit run(Comm& world) override {
    models::Recipe recipe;
    agree(world, [&] {
      const std::string dtype = dtype_.empty() ? "" : fmt::format("dtype = \"{}\"\n", dtype_);
      recipe =
          models::parse_recipe(fmt::format("method = \"{}\"\n{}{}[[input]]\npath = {}\n", method_,
                                           lines(), dtype, nlohmann::json(path_).dump()),
                               "model " + method_);
    });
    return output_.make(recipe, world);
  }

 protected:
  virtual std::string lines() const { return ""; }  // of the method alone

 private:
  std::string method_, path_, dtype_;
  RecipeOutput output_;
};

class LowRankAction : public FactoringAction {
 public:
  explicit LowRankAction(CLI::App& model)
      : FactoringAction(model, "low-rank",
                        "Replace matrices of feed-forward networks by products of a lower rank",
                        "low_rank") {
    CLI::Option* rank = app_.add_option("--rank", rank_, "The rank of every product");
    CLI::Option* share =
        app_.add_option("--share", share_, "Or the share of parameters that stays, as 0.31");
    rank->check(CLI::PositiveNumber)->excludes(share);
    share->check(CLI::Range(0.0, 1.0));
    app_.add_option("--layers", layers_, "The layers, by default all but the first")
        ->delimiter(',');
  }

 private:
  std::string lines() const override {
    require(rank_ > 0 || share_ > 0, Exit::usage,
            "give the rank with --rank R, or the share of parameters that stays with --share X");
    const std::string size =
        rank_ > 0 ? fmt::format("rank = {}\n", rank_) : fmt::format("share = {}\n", share_);
    return layers_.empty() ? size : size + fmt::format("layers = [{}]\n", fmt::join(layers_, ", "));
  }

  std::int64_t rank_ = 0;
  double share_ = 0.0;
  std::vector<std::int64_t> layers_;
};

class AdapterAction : public ModelAction {
 public:
  explicit AdapterAction(CLI::App& model)
      : ModelAction(model, "adapter",
                    "Write a model's adapters as PEFT's files, or with --base make a model of such "
                    "files") {
    app_.add_option("MODEL", path_, "A model with adapters, or a folder of PEFT")->required();
    app_.add_option("--base", base_, "The model that the folder's adapters belong to")
        ->type_name("MODEL");
    app_.add_option("-o,--output", folder_, "The folder to write, which must not exist")
        ->type_name("FOLDER")
        ->required();
  }

  Exit run(Comm& world) override {
    const models::AdapterFiles files = base_.empty()
                                           ? models::export_adapter(path_, folder_, world)
                                           : models::import_adapter(path_, base_, folder_, world);
    on_root(world, [&] {
      fmt::print("wrote {}: {} of {} parameters, for {}\n", folder_,
                 counted(files.adapters, "adapter"), files.parameters, files.family);
    });
    return Exit::done;
  }

 private:
  std::string path_, base_, folder_;
};

}  // namespace

std::unique_ptr<ModelAction> make_low_rank_action(CLI::App& model) {
  return std::make_unique<LowRankAction>(model);
}

std::unique_ptr<ModelAction> make_fold_action(CLI::App& model) {
  return std::make_unique<FactoringAction>(
      model, "fold", "Multiply adapters and low-rank layers out into single matrices", "fold");
}

std::unique_ptr<ModelAction> make_adapter_action(CLI::App& model) {
  return std::make_unique<AdapterAction>(model);
}

}  // namespace switchyard
