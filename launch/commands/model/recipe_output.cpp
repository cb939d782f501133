#include "launch/commands/model/recipe_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "io/text/byte_size.h"
#include "launch/host/counted.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

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

void print_made(const models::ModelMade& made, const std::string& what) {
  if (made.mtp_modules > 0)
    fmt::print("left out: {} of multi-token prediction, which {} training alone\n",
               counted(made.mtp_modules, "module"), made.mtp_modules == 1 ? "serves" : "serve");
  if (made.kept > 0) fmt::print("a killed make had finished {}\n", counted(made.kept, "tensor"));
  fmt::print("{}: {} parameters in {}, {}\n", what, made.parameters,
             counted(made.tensors, "tensor"), bytes_in_words(made.bytes));
  if (!made.digest.empty()) fmt::print("{}\n", made.digest);
  if (made.unreached > 0) {
    fmt::print(stderr,
               "{} of its matrices saw fewer rows of the calibration than they have columns, and "
               "were compressed without them: raise --tokens\n",
               made.unreached);
  }
}

}  // namespace

models::Progress making_progress(const Comm& world) {
  return [line = std::make_shared<ProgressLine>(stderr_is_terminal()), shows = world.rank() == 0](
             std::int64_t done, std::int64_t total) {
    if (shows && done == total) return line->erase();
    if (shows && line->due())
      line->show(fmt::format("{} {:.0f} %", progress_bar(done, total),
                             100.0 * static_cast<double>(done) / static_cast<double>(total)));
  };
}

void RecipeOutput::add_to(CLI::App& command) {
  command.add_option("-o,--output", folder_, "The folder of the model, which must not exist")
      ->type_name("FOLDER");
  command.add_flag("--dry-run", dry_run_,
                   "Only say what it would read and write, and about how long it would take");
}

void RecipeOutput::add_all_to(CLI::App& command) {
  add_to(command);
  command.add_flag("--hugging-face", hub_,
                   "Write a folder that transformers loads, and not a model folder");
  command.add_flag("--check", check_, "Read, compute and hash everything, and write nothing")
      ->excludes("--dry-run");
}

models::MakeInto RecipeOutput::into() const {
  if (dry_run_) return models::MakeInto::nothing;
  if (check_) return models::MakeInto::hash;
  return hub_ ? models::MakeInto::hugging_face : models::MakeInto::model;
}

Exit RecipeOutput::make(const models::Recipe& recipe, Comm& world) const {
  agree(world, [&] {
    require(dry_run_ || check_ || !folder_.empty(), Exit::usage,
            "name the new model folder with --output FOLDER, or add --check or --dry-run");
  });
  const models::ModelMade made =
      models::make_model(recipe, {into(), folder_}, world, making_progress(world));
  on_root(world, [&] {
    dry_run_ ? print_cost(made) : print_made(made, check_ ? "checked" : "wrote " + folder_);
  });
  return Exit::done;
}

}  // namespace switchyard
