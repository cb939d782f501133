#include <fmt/format.h>

#include "io/files/durable.h"
#include "io/text/amount.h"
#include "launch/commands/command.h"
#include "launch/config/config_checks.h"
#include "launch/host/counted.h"
#include "launch/run/initial_model.h"
#include "launch/scaling/budget.h"
#include "launch/scaling/fit_report.h"
#include "launch/scaling/prediction.h"
#include "launch/scaling/run_points.h"
#include "launch/scaling/sweep.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using namespace scaling;

class ScalingCommand : public Command {
 public:
  explicit ScalingCommand(CLI::App& program) {
    app_ =
        program.add_subcommand("scaling", "Predict losses by scaling laws, and fit laws to runs");
    app_->require_subcommand(1);
    add_predict();
    add_fit();
    add_sweep();
    app_->footer(
        "  switchyard scaling predict my.toml               # the loss of a run, by every law\n"
        "  switchyard scaling predict --compute 1e21        # the best size for an amount of work\n"
        "  switchyard scaling sweep my.toml --width 64,128 --experts 4,8 --tokens 20x,40x "
        "--output ladder\n"
        "  switchyard scaling fit ladder/runs --output law.json\n"
        "  switchyard scaling predict next.toml --fit law.json\n\n"
        "docs/scaling.md explains the laws, and shows a ladder.");
  }

  int run() override {
    for (const auto& [command, action] : actions_) {
      if (command->parsed()) (this->*action)();
    }
    return 0;
  }

 private:
  using Action = void (ScalingCommand::*)();

  CLI::App* add(const std::string& name, const std::string& doc, Action action) {
    CLI::App* command = app_->add_subcommand(name, doc);
    command->footer("");  // the footer of `switchyard scaling` has the examples
    actions_.emplace_back(command, action);
    return command;
  }

  void add_json(CLI::App& app) { app.add_flag("--json", json_, "Print one JSON object"); }
  void add_vocabulary(CLI::App& app) {
    app.add_option("--vocabulary", vocabulary_,
                   "Size of the vocabulary, if there is no dataset yet")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("SIZE");
  }

  void add_predict() {
    CLI::App* app = add("predict", "Predict the loss of a run before it is trained",
                        &ScalingCommand::predict_run);
    add_config_options(*app, sources_, false);
    add_vocabulary(*app);
    app->add_option("--ranks", ranks_, "Ranks of the run, for its memory")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("N");
    app->add_option("--law", law_, "The key of the law that comes first, such as joint")
        ->type_name("KEY");
    app->add_option("--fit", fit_file_, "Use the law in this file of scaling fit")
        ->type_name("FILE");
    CLI::Option* compute =
        app->add_option("--compute", flops_,
                        "Instead of a run: the best sizes for this many FLOP, such as 1e21")
            ->check(CLI::Range(1e6, 1e40))
            ->type_name("FLOP");
    app->add_option("--expansions", expansions_,
                    "With --compute: values of experts over top-k for the laws of mixtures")
        ->delimiter(',')
        ->needs(compute)
        ->check(CLI::Range(1.0, 1e6))
        ->capture_default_str()
        ->type_name("LIST");
    add_json(*app);
  }

  void add_fit() {
    CLI::App* app = add("fit", "Fit a law to runs", &ScalingCommand::fit_runs);
    app->add_option("RUNS", runs_,
                    "Run directories, folders of them, and tables (.csv, .jsonl) with the columns "
                    "parameters, tokens, loss, experts, top_k")
        ->required();
    app->add_option_function<std::string>(
           "--law", [this](const std::string& form) { fit_.form = value_named<LawForm>(form); },
           "dense, mixtures or joint; by default as the runs allow")
        ->check(CLI::IsMember({"dense", "mixtures", "joint"}))
        ->type_name("LAW");
    app->add_option("--bootstrap", fit_.bootstrap,
                    "Fits to runs that are drawn again, for the intervals; 0: none")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str()
        ->type_name("N");
    app->add_option("--seed", fit_.seed, "Seed of these draws")->capture_default_str();
    app->add_option("--output", output_, "Write the law to this file, for predict --fit")
        ->type_name("FILE");
    add_json(*app);
  }

  void add_sweep() {
    CLI::App* app = add("sweep", "Write the configs of runs to fit a law to; start nothing",
                        &ScalingCommand::write_runs);
    add_config_options(*app, sweep_.base, true);
    const auto list = [&](const char* name, auto& target, const char* doc) {
      return app->add_option(name, target, doc)->delimiter(',')->type_name("LIST");
    };
    list("--width", sweep_.widths, "Values of model.hidden; heads and FFNs follow")
        ->check(CLI::Range(1, 1 << 20));
    list("--experts", sweep_.experts, "Values of model.num_experts; 0: dense")
        ->check(CLI::Range(0, 1 << 20));
    list("--top-k", sweep_.top_k, "Values of router.top_k")->check(CLI::Range(1, 1 << 10));
    list("--tokens", sweep_.tokens, "Tokens of a run: 5e6, or 20x for 20 per active parameter");
    add_vocabulary(*app);
    app->add_option("-o,--output", sweep_.folder, "The folder to write, which must not exist")
        ->required()
        ->type_name("FOLDER");
    BatchRequest& request = sweep_.request;
    request.ranks_per_node = 1;
    app->add_option("--nodes", request.nodes, "Nodes of a run")->check(CLI::Range(1, 1 << 16));
    app->add_option("--ranks-per-node", request.ranks_per_node, "Ranks on each node")
        ->check(CLI::Range(1, 1 << 12));
    app->add_option("--cpus-per-rank", request.cpus_per_rank, "Cores of each rank")
        ->check(CLI::PositiveNumber);
    app->add_option("--time", request.time, "The time limit of a run in a form of Slurm");
  }

  std::optional<FittedLaw> fitted() const {
    if (fit_file_.empty()) return std::nullopt;
    return read_fitted_law(fit_file_);
  }

  void print(const std::string& text, const nlohmann::ordered_json& json) const {
    fmt::print("{}", json_ ? json.dump(2) + "\n" : text);
  }

  void predict_run() {
    if (flops_ > 0.0) {
      require(!sources_.file, Exit::usage,
              "--compute chooses the size by itself: leave out CONFIG");
      const std::vector<Budget> budgets = spend(flops_, expansions_, fitted());
      return print(budget_report(flops_, budgets), budget_json(flops_, budgets));
    }
    require(sources_.file.has_value(), Exit::usage,
            "name the config of a run, or an amount of work with --compute FLOP");
    const Config config = load_run_config(sources_);
    check_config(config);
    const Prediction prediction =
        predict(run_size(config, config.train.steps, vocabulary_, ranks_, ranks_), fitted(), law_);
    print(prediction_report(prediction), prediction_json(prediction));
  }

  void fit_runs() {
    const RunsRead read = read_runs(runs_);
    for (const std::string& line : read.left_out) fmt::print(stderr, "{}\n", line);
    const FittedLaw law = fit_law(read.runs, fit_);
    const std::optional<HeldOut> held = hold_out_largest(read.runs, law.form);
    print(fit_report(law, read.runs, held), fit_json(law, read.runs, held));
    if (!output_.empty()) durable::replace_file(output_, print_fitted_law(law));
  }

  void write_runs() {
    const std::vector<SweepRun> runs = sweep_runs(sweep_);
    write_sweep(sweep_, runs);
    fmt::print("{}", sweep_report(sweep_, runs));
  }

  std::vector<std::pair<CLI::App*, Action>> actions_;
  ConfigSources sources_;
  std::int64_t vocabulary_ = 0;
  int ranks_ = 1;
  double flops_ = 0.0;
  std::vector<double> expansions_ = {1, 8, 32};
  std::string law_, fit_file_, output_;
  std::vector<std::string> runs_;
  FitOptions fit_;
  SweepOptions sweep_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_scaling_command(CLI::App& program) {
  return std::make_unique<ScalingCommand>(program);
}

}  // namespace switchyard
