#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "io/files/durable.h"
#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/host/progress_line.h"
#include "launch/host/ranks.h"
#include "launch/host/terminal.h"
#include "launch/models/make_model.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t largest_recipe = std::int64_t{1} << 20;

// Draws how far rank 0 is.
class MakingLine {
 public:
  explicit MakingLine(const Comm& world) : line_(stderr_is_terminal()), shows_(world.rank() == 0) {}

  models::Progress progress() {
    return [this](std::int64_t done, std::int64_t total) {
      if (shows_ && line_.due())
        line_.show(fmt::format("{} {:.0f} %", progress_bar(done, total),
                               100.0 * static_cast<double>(done) / static_cast<double>(total)));
    };
  }
  void erase() { line_.erase(); }

 private:
  ProgressLine line_;
  bool shows_;
};

void print_cost(const models::ModelMade& made) {
  const auto sum = [](const std::vector<std::int64_t>& bytes) {
    return std::reduce(bytes.begin(), bytes.end());
  };
  const TransformCost& cost = made.cost;
  fmt::print("{} parameters in {}: {} passes, reading {} and writing {}\n", made.parameters,
             counted(made.tensors, "tensor"), cost.passes, bytes_in_words(sum(cost.read)),
             bytes_in_words(sum(cost.written)));
  fmt::print("{}: one reads at most {} and writes at most {}\n",
             counted(std::ssize(cost.read), "rank"), bytes_in_words(std::ranges::max(cost.read)),
             bytes_in_words(std::ranges::max(cost.written)));
}

class ModelCommand : public Command {
 public:
  explicit ModelCommand(CLI::App& program) {
    app_ = program.add_subcommand("model", "Make models of models");
    app_->require_subcommand(1);
    CLI::App* make = add("make", "Make a model as a recipe says", &ModelCommand::make);
    make->add_option("RECIPE", path_, "A TOML file (docs/models.md)")->required();
    CLI::Option* output =
        make->add_option("-o,--output", folder_, "The model folder, which must not exist")
            ->type_name("FOLDER");
    make->add_flag("--dry-run", dry_run_, "Only say what it would read and write")
        ->excludes(output);
    CLI::App* rebuild = add("rebuild",
                            "Run the recipe of a model again, and compare; exit with code 3 if the "
                            "result is another",
                            &ModelCommand::rebuild);
    rebuild->add_option("FOLDER", path_, "The model folder that a recipe made")->required();
    app_->footer(
        "  switchyard model make merge.toml --output models/merged\n"
        "  mpirun -n 8 switchyard model make merge.toml --output models/merged   # the same bits\n"
        "  switchyard model make merge.toml --dry-run\n"
        "  switchyard model rebuild models/merged");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      for (const auto& [command, action] : actions_) {
        if (command->parsed()) return (this->*action)(*world);
      }
      return Exit::usage;
    });
  }

 private:
  using Action = Exit (ModelCommand::*)(Comm&);

  CLI::App* add(const std::string& name, const std::string& doc, Action action) {
    CLI::App* command = app_->add_subcommand(name, doc);
    command->footer("");  // the footer of `switchyard model` has the examples
    actions_.emplace_back(command, action);
    return command;
  }

  // Collective: rank 0 reads the recipe.
  models::Recipe recipe(Comm& world) const {
    std::string text;
    on_root(world, [&] { text = durable::read_file(path_, largest_recipe); });
    text = broadcast_text(world, text, 0);
    models::Recipe recipe;
    agree(world, [&] { recipe = models::parse_recipe(text, path_); });
    return recipe;
  }

  Exit make(Comm& world) {
    agree(world, [&] {
      require(dry_run_ || !folder_.empty(), Exit::usage,
              "name the new model folder with --output FOLDER, or add --dry-run");
    });
    MakingLine line(world);
    const models::ModelMade made =
        models::make_model(recipe(world), dry_run_ ? "" : folder_, world, line.progress());
    line.erase();
    on_root(world, [&] {
      if (dry_run_) return print_cost(made);
      fmt::print("wrote {}: {} parameters in {}, {}\n{}\n", folder_, made.parameters,
                 counted(made.tensors, "tensor"), bytes_in_words(made.bytes), made.digest);
    });
    return Exit::done;
  }

  Exit rebuild(Comm& world) {
    MakingLine line(world);
    const models::ModelMade made = models::rebuild_model(path_, world, line.progress());
    line.erase();
    on_root(world, [&] {
      fmt::print("{} is what its recipe makes: {} of {}\n{}\n", path_,
                 counted(made.tensors, "tensor"), bytes_in_words(made.bytes), made.digest);
    });
    return Exit::done;
  }

  std::vector<std::pair<CLI::App*, Action>> actions_;
  std::string path_, folder_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_model_command(CLI::App& program) {
  return std::make_unique<ModelCommand>(program);
}

}  // namespace switchyard
