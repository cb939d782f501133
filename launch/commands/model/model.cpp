#include <fmt/format.h>

#include "io/files/durable.h"
#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/commands/model/model_action.h"
#include "launch/commands/model/recipe_output.h"
#include "launch/host/counted.h"
#include "launch/host/ranks.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

constexpr std::int64_t largest_recipe = std::int64_t{1} << 20;

class MakeAction : public ModelAction {
 public:
  explicit MakeAction(CLI::App& model)
      : ModelAction(model, "make", "Make a model as a recipe says") {
    app_.add_option("RECIPE", path_, "A TOML file (docs/models.md)")->required();
    output_.add_all_to(app_);
  }

  Exit run(Comm& world) override {
    std::string text;
    on_root(world, [&] { text = durable::read_file(path_, largest_recipe); });
    text = broadcast_text(world, text, 0);
    models::Recipe recipe;
    agree(world, [&] { recipe = models::parse_recipe(text, path_); });
    return output_.make(recipe, world);
  }

 private:
  std::string path_;
  RecipeOutput output_;
};

class RebuildAction : public ModelAction {
 public:
  explicit RebuildAction(CLI::App& model)
      : ModelAction(model, "rebuild",
                    "Run the recipe of a model again, and compare; exit with code 3 if the result "
                    "is another") {
    app_.add_option("FOLDER", path_, "The model folder that a recipe made")->required();
  }

  Exit run(Comm& world) override {
    const models::ModelMade made = models::rebuild_model(path_, world, making_progress(world));
    on_root(world, [&] {
      fmt::print("{} is what its recipe makes: {} of {}\n{}\n", path_,
                 counted(made.tensors, "tensor"), bytes_in_words(made.bytes), made.digest);
    });
    return Exit::done;
  }

 private:
  std::string path_;
};

class ModelCommand : public Command {
 public:
  explicit ModelCommand(CLI::App& program) {
    app_ = program.add_subcommand("model", "Make models of models");
    app_->require_subcommand(1);
    actions_.push_back(std::make_unique<MakeAction>(*app_));
    for (const auto make : {make_low_rank_action, make_fold_action, make_adapter_action,
                            make_quantize_action, make_prune_action, make_experts_action})
      actions_.push_back(make(*app_));
    actions_.push_back(std::make_unique<RebuildAction>(*app_));
    app_->footer(
        "  switchyard model make merge.toml --output models/merged\n"
        "  mpirun -n 8 switchyard model make merge.toml --output models/merged   # the same bits\n"
        "  switchyard model make merge.toml --dry-run\n"
        "  switchyard model make merge.toml --output models/merged-hf --hugging-face\n"
        "  switchyard model low-rank runs/a --share 0.31 --output models/narrow\n"
        "  switchyard model fold runs/adapted --output models/folded\n"
        "  switchyard model adapter runs/adapted --output adapter   # for PEFT\n"
        "  switchyard model quantize runs/x --bits 8 --output models/x-int8\n"
        "  switchyard model prune runs/x --method wanda --sparsity 0.5 --calibrate data/web "
        "--output models/x-half\n"
        "  switchyard model experts runs/x --keep 32 --calibrate data/web --output models/x-32\n"
        "  switchyard model rebuild models/merged");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      for (const auto& action : actions_) {
        if (action->chosen()) return action->run(*world);
      }
      return Exit::usage;
    });
  }

 private:
  std::vector<std::unique_ptr<ModelAction>> actions_;
};

}  // namespace

std::unique_ptr<Command> make_model_command(CLI::App& program) {
  return std::make_unique<ModelCommand>(program);
}

}  // namespace switchyard
