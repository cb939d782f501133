#include "launch/plan/planning.h"

#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"

namespace switchyard {
namespace {

class PlanCommand : public Command {
 public:
  explicit PlanCommand(CLI::App& program) {
    app_ = program.add_subcommand("plan", "Predict the memory, traffic and time of a run");
    add_config_options(*app_, options_.config, true);
    const auto count = [&](const char* name, int& target, const char* meaning) {
      app_->add_option(name, target, meaning)->check(CLI::Range(1, 1 << 24))->type_name("N");
    };
    count("--ranks", options_.ranks,
          "Ranks of the run; by default as many as this command runs on");
    count("--nodes", options_.nodes, "Nodes, with the ranks spread evenly over them");
    count("--ranks-per-node", options_.ranks_per_node, "Ranks on each node");
    count("--threads", options_.threads, "Threads of each rank");
    app_->add_option("--vocabulary", options_.vocabulary,
                     "Size of the vocabulary, if there is no dataset yet")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("SIZE");
    file("--rates", options_.rates, "Use the rates in this file instead of measuring this machine");
    file("--save-rates", options_.save_rates, "Write the measured rates to this file");
    file("--run", options_.run,
         "Compare with this run, which must have been trained with --profile");
    app_->add_option_function<std::string>(
            "--memory-per-node",
            [this](const std::string& text) {
              options_.node_bytes = parse_byte_size(text, "--memory-per-node");
            },
            "Exit with code 2 if the ranks of a node need more memory than this, such as 64GiB")
        ->type_name("SIZE");
    app_->add_flag("--json", options_.json, "Print the plan as one JSON object");
    app_->footer(
        "  switchyard plan my.toml                                   # one rank, on this machine\n"
        "  mpirun -n 2 switchyard plan my.toml                       # two ranks, with exchanges "
        "measured\n"
        "  switchyard plan my.toml --ranks 64 --nodes 8 --rates cluster.toml\n"
        "  mpirun -n 2 switchyard plan my.toml --run runs/a          # beside what a run "
        "measured\n\n"
        "To measure the rates, it trains the model for a few steps, cut down to one or two layers\n"
        "of each kind, on the ranks that it was started on. docs/plan.md explains the table.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      return plan::plan_training(options_, std::move(world));
    });
  }

 private:
  void file(const char* name, std::optional<std::filesystem::path>& target, const char* meaning) {
    app_->add_option_function<std::string>(
            name, [&target](const std::string& path) { target = path; }, meaning)
        ->type_name("PATH");
  }

  plan::PlanOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_plan_command(CLI::App& program) {
  return std::make_unique<PlanCommand>(program);
}

}  // namespace switchyard
