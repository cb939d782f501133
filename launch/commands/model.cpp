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
  constexpr std::size_t most_lines = 64;
  const auto sum = [](const std::vector<std::int64_t>& bytes) {
    return std::reduce(bytes.begin(), bytes.end());
  };
  const TransformCost& cost = made.cost;
  const models::Prediction& prediction = made.prediction;
  fmt::print("{} parameters in {}: {} passes, reading {} and writing {}\n", made.parameters,
             counted(made.tensors, "tensor"), cost.passes, bytes_in_words(sum(cost.read)),
             bytes_in_words(sum(cost.written)));
  if (made.hashed > 0)
    fmt::print("before that, {} of folders without hashes are read to compute some\n",
               bytes_in_words(made.hashed));
  for (std::size_t rank = 0; rank < std::min(cost.read.size(), most_lines); ++rank) {
    fmt::print("rank {}: reads {}, writes {}, about {:.3g} s\n", rank,
               bytes_in_words(cost.read[rank]), bytes_in_words(cost.written[rank]),
               prediction.seconds[rank]);
  }
  fmt::print("slowest of {}: about {:.3g} s, at {}/s read, hashed and computed and {}/s written\n",
             counted(std::ssize(cost.read), "rank"), std::ranges::max(prediction.seconds),
             bytes_in_words(static_cast<std::int64_t>(prediction.read_rate)),
             bytes_in_words(static_cast<std::int64_t>(prediction.write_rate)));
  fmt::print(
      "measured now on {} of each rank's input, which may have been in memory, and on 64 MiB "
      "written\n",
      bytes_in_words(prediction.sample_bytes));
}

class ModelCommand : public Command {
 public:
  explicit ModelCommand(CLI::App& program) {
    app_ = program.add_subcommand("model", "Make models of models");
    app_->require_subcommand(1);
    CLI::App* make = add("make", "Make a model as a recipe says", &ModelCommand::make);
    make->add_option("RECIPE", path_, "A TOML file (docs/models.md)")->required();
    make->add_option("-o,--output", folder_, "The folder of the model, which must not exist")
        ->type_name("FOLDER");
    make->add_flag("--hugging-face", hub_,
                   "Write a folder that transformers loads, and not a model folder");
    CLI::Option* check =
        make->add_flag("--check", check_, "Read, compute and hash everything, and write nothing");
    make->add_flag("--dry-run", dry_run_,
                   "Only say what it would read and write, and about how long it would take")
        ->excludes(check);
    CLI::App* rebuild = add("rebuild",
                            "Run the recipe of a model again, and compare; exit with code 3 if the "
                            "result is another",
                            &ModelCommand::rebuild);
    rebuild->add_option("FOLDER", path_, "The model folder that a recipe made")->required();
    app_->footer(
        "  switchyard model make merge.toml --output models/merged\n"
        "  mpirun -n 8 switchyard model make merge.toml --output models/merged   # the same bits\n"
        "  switchyard model make merge.toml --dry-run\n"
        "  switchyard model make merge.toml --output models/merged-hf --hugging-face\n"
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

  models::MakeInto into() const {
    if (dry_run_) return models::MakeInto::nothing;
    if (check_) return models::MakeInto::hash;
    return hub_ ? models::MakeInto::hugging_face : models::MakeInto::model;
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
      require(dry_run_ || check_ || !folder_.empty(), Exit::usage,
              "name the new model folder with --output FOLDER, or add --check or --dry-run");
    });
    MakingLine line(world);
    const models::MakeOptions options{into(), folder_};
    const models::ModelMade made =
        models::make_model(recipe(world), options, world, line.progress());
    line.erase();
    on_root(world, [&] {
      if (dry_run_) return print_cost(made);
      if (made.kept > 0)
        fmt::print("a killed make had finished {}\n", counted(made.kept, "tensor"));
      fmt::print("{}: {} parameters in {}, {}\n", check_ ? "checked" : "wrote " + folder_,
                 made.parameters, counted(made.tensors, "tensor"), bytes_in_words(made.bytes));
      if (!made.digest.empty()) fmt::print("{}\n", made.digest);
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
  bool dry_run_ = false, check_ = false, hub_ = false;
};

}  // namespace

std::unique_ptr<Command> make_model_command(CLI::App& program) {
  return std::make_unique<ModelCommand>(program);
}

}  // namespace switchyard
