#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>

#include "io/files/durable.h"
#include "io/files/toml.h"
#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/host/progress_line.h"
#include "launch/host/ranks.h"
#include "launch/host/terminal.h"
#include "launch/models/make_model.h"
#include "launch/models/peft_adapter.h"
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
    add_factoring();
    add_adapter();
    add_quantize();
    add_prune();
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
        "  switchyard model low-rank runs/a --share 0.31 --output models/narrow\n"
        "  switchyard model fold runs/adapted --output models/folded\n"
        "  switchyard model adapter runs/adapted --output adapter   # for PEFT\n"
        "  switchyard model quantize runs/x --bits 8 --output models/x-int8\n"
        "  switchyard model prune runs/x --method wanda --sparsity 0.5 --calibrate data/web "
        "--output models/x-half\n"
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

  // What recipes of one method and one input say, as options.
  void add_factoring() {
    CLI::App* low_rank =
        add("low-rank", "Replace matrices of feed-forward networks by products of a lower rank",
            &ModelCommand::low_rank);
    CLI::Option* rank = low_rank->add_option("--rank", rank_, "The rank of every product");
    CLI::Option* share =
        low_rank->add_option("--share", share_, "Or the share of parameters that stays, as 0.31");
    rank->check(CLI::PositiveNumber)->excludes(share);
    share->check(CLI::Range(0.0, 1.0));
    low_rank->add_option("--layers", layers_, "The layers, by default all but the first")
        ->delimiter(',');
    CLI::App* fold = add("fold", "Multiply adapters and low-rank layers out into single matrices",
                         &ModelCommand::fold);
    for (CLI::App* command : {low_rank, fold}) {
      command->add_option("MODEL", path_, "A run, checkpoint or model folder")->required();
      CLI::Option* output =
          command->add_option("-o,--output", folder_, "The model folder, which must not exist")
              ->type_name("FOLDER");
      command->add_flag("--dry-run", dry_run_, "Only say what it would read and write")
          ->excludes(output);
      command->add_option("--dtype", dtype_, "f32 or bf16; by default that of each matrix")
          ->check(CLI::IsMember({"f32", "bf16"}));
    }
  }

  void add_adapter() {
    CLI::App* adapter = add("adapter",
                            "Write a model's adapters as PEFT's files, or with --base make a model "
                            "of such files",
                            &ModelCommand::adapter);
    adapter->add_option("MODEL", path_, "A model with adapters, or a folder of PEFT")->required();
    adapter->add_option("--base", base_, "The model that the folder's adapters belong to")
        ->type_name("MODEL");
    adapter->add_option("-o,--output", folder_, "The folder to write, which must not exist")
        ->type_name("FOLDER")
        ->required();
  }

  // The recipe of a method, its own lines and the input.
  models::Recipe recipe_of(const std::string& method, const std::string& lines) const {
    const std::string dtype = dtype_.empty() ? "" : fmt::format("dtype = \"{}\"\n", dtype_);
    return models::parse_recipe(fmt::format("method = \"{}\"\n{}{}[[input]]\npath = {}\n", method,
                                            lines, dtype, nlohmann::json(path_).dump()),
                                "model " + method);
  }

  void add_quantize() {
    CLI::App* quantize =
        add("quantize", "Write weights as int8 or int4 codes", &ModelCommand::quantize);
    add_compression(*quantize);
    quantize->add_option("--bits", bits_, "8 or 4")->check(CLI::IsMember({8, 4}))->required();
    quantize->add_option("--group", group_,
                         "Columns that share a scale; 0: all of a row (default: 0 with 8 bits, 128 "
                         "with 4)");
    quantize->add_option("--method", quantize_by_, "nearest, or gptq, which needs --calibrate")
        ->check(CLI::IsMember({"nearest", "gptq"}))
        ->capture_default_str();
  }

  void add_prune() {
    CLI::App* prune = add("prune", "Set weights to 0", &ModelCommand::prune);
    add_compression(*prune);
    CLI::Option* sparsity =
        prune->add_option("--sparsity", sparsity_, "The share of weights that go, below 1");
    prune->add_option("--pattern", pattern_, "2:4: two of every four weights of a row")
        ->check(CLI::IsMember({"2:4"}))
        ->excludes(sparsity);
    prune
        ->add_option("--method", prune_by_,
                     "magnitude, or wanda or sparsegpt, which need --calibrate")
        ->check(CLI::IsMember({"magnitude", "wanda", "sparsegpt"}))
        ->capture_default_str();
  }

  // The options that quantize and prune share.
  void add_compression(CLI::App& command) {
    command.add_option("MODEL", path_, "A run, a checkpoint or a model folder")->required();
    CLI::Option* output =
        command.add_option("-o,--output", folder_, "The model folder, which must not exist")
            ->type_name("FOLDER");
    command.add_flag("--dry-run", dry_run_, "Only say what it would read and write")
        ->excludes(output);
    command
        .add_option("--only", only_,
                    "Change these weights alone: roles (attention, ffn, experts, shared) or "
                    "patterns of names")
        ->delimiter(',');
    command.add_option("--calibrate", dataset_, "The dataset of methods that look at data")
        ->type_name("DATASET");
    command.add_option("--tokens", tokens_, "How many of its tokens they look at")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
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
    return parsed(text, path_, world);
  }
  static models::Recipe parsed(const std::string& text, const std::string& name, Comm& world) {
    models::Recipe recipe;
    agree(world, [&] { recipe = models::parse_recipe(text, name); });
    return recipe;
  }

  Exit low_rank(Comm& world) {
    std::optional<models::Recipe> recipe;
    agree(world, [&] {
      require(rank_ > 0 || share_ > 0, Exit::usage,
              "give the rank with --rank R, or the share of parameters that stays with --share X");
      std::string lines =
          rank_ > 0 ? fmt::format("rank = {}\n", rank_) : fmt::format("share = {}\n", share_);
      if (!layers_.empty()) lines += fmt::format("layers = [{}]\n", fmt::join(layers_, ", "));
      recipe = recipe_of("low_rank", lines);
    });
    return make(*recipe, world);
  }

  Exit fold(Comm& world) {
    std::optional<models::Recipe> recipe;
    agree(world, [&] { recipe = recipe_of("fold", ""); });
    return make(*recipe, world);
  }

  Exit adapter(Comm& world) {
    const models::AdapterFiles files = base_.empty()
                                           ? models::export_adapter(path_, folder_, world)
                                           : models::import_adapter(path_, base_, folder_, world);
    on_root(world, [&] {
      fmt::print("wrote {}: {} of {} parameters, for {}\n", folder_,
                 counted(files.adapters, "adapter"), files.parameters, files.family);
    });
    return Exit::done;
  }

  // The recipe that the options are, in the words of docs/quantize-and-prune.md.
  std::string compression_text(const std::string& method, const std::string& by,
                               const std::string& keys) const {
    std::string text = fmt::format("method = \"{}\"\nby = \"{}\"\n{}", method, by, keys);
    if (!only_.empty()) {
      toml::array only;
      for (const std::string& choice : only_) only.push_back(choice);
      text += fmt::format("only = {}\n", in_toml(only));
    }
    const bool looks_at_data = by != "nearest" && by != "magnitude";
    require(!looks_at_data || !dataset_.empty(), Exit::usage,
            "--method {} looks at data: name a dataset with --calibrate", by);
    require(looks_at_data || dataset_.empty(), Exit::usage,
            "--method {} looks at no data: leave --calibrate out", by);
    if (looks_at_data)
      text += fmt::format("calibrate = {}\ntokens = {}\n", in_toml(toml::value(dataset_)), tokens_);
    return text + fmt::format("[[input]]\npath = {}\n", in_toml(toml::value(path_)));
  }
  template <class Node>
  static std::string in_toml(const Node& node) {
    std::ostringstream text;
    text << node;
    return text.str();
  }

  Exit quantize(Comm& world) {
    std::string text;
    agree(world, [&] {
      std::string keys = fmt::format("bits = {}\n", bits_);
      if (group_) keys += fmt::format("group = {}\n", *group_);
      text = compression_text("quantize", quantize_by_, keys);
    });
    return make(parsed(text, "switchyard model quantize", world), world);
  }

  Exit prune(Comm& world) {
    std::string text;
    agree(world, [&] {
      require(sparsity_.has_value() || !pattern_.empty(), Exit::usage,
              "say how much to prune with --sparsity 0.5 or --pattern 2:4");
      text = compression_text("prune", prune_by_,
                              sparsity_ ? fmt::format("sparsity = {}\n", *sparsity_)
                                        : fmt::format("pattern = \"{}\"\n", pattern_));
    });
    return make(parsed(text, "switchyard model prune", world), world);
  }

  Exit make(Comm& world) {
    require_output(world);
    return make(recipe(world), world);
  }

  void require_output(Comm& world) const {
    agree(world, [&] {
      require(dry_run_ || check_ || !folder_.empty(), Exit::usage,
              "name the new model folder with --output FOLDER, or add --check or --dry-run");
    });
  }

  Exit make(const models::Recipe& recipe, Comm& world) {
    require_output(world);
    MakingLine line(world);
    const models::MakeOptions options{into(), folder_};
    const models::ModelMade made = models::make_model(recipe, options, world, line.progress());
    line.erase();
    on_root(world, [&] {
      if (dry_run_) return print_cost(made);
      if (made.kept > 0)
        fmt::print("a killed make had finished {}\n", counted(made.kept, "tensor"));
      fmt::print("{}: {} parameters in {}, {}\n", check_ ? "checked" : "wrote " + folder_,
                 made.parameters, counted(made.tensors, "tensor"), bytes_in_words(made.bytes));
      if (!made.digest.empty()) fmt::print("{}\n", made.digest);
      if (made.unreached > 0)
        fmt::print(stderr,
                   "{} of its matrices saw fewer rows of the calibration than they have columns, "
                   "and were compressed without them: raise --tokens\n",
                   made.unreached);
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
  std::string path_, folder_, pattern_, dataset_;
  std::string quantize_by_ = "nearest", prune_by_ = "magnitude";
  std::vector<std::string> only_;
  int bits_ = 8;
  std::int64_t tokens_ = std::int64_t{1} << 18;
  std::optional<std::int64_t> group_;
  std::optional<double> sparsity_;
  bool dry_run_ = false, check_ = false, hub_ = false;
  std::int64_t rank_ = 0;
  double share_ = 0.0;
  std::vector<std::int64_t> layers_;
  std::string dtype_, base_;
};

}  // namespace

std::unique_ptr<Command> make_model_command(CLI::App& program) {
  return std::make_unique<ModelCommand>(program);
}

}  // namespace switchyard
