#include "launch/plan/planning.h"

#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"

namespace switchyard {
namespace {

class PlanCommand : public Command {
 public:
  explicit PlanCommand(CLI::App& program) {
    app_ = program.add_subcommand("plan", "What a run will need: memory, traffic, time");
    add_config_options(*app_, options_.config, true);
    const auto count = [&](const char* name, int& target, const char* meaning) {
      app_->add_option(name, target, meaning)->check(CLI::Range(1, 1 << 24))->type_name("N");
    };
    count("--ranks", options_.ranks, "Ranks of the run; as many as plan itself if not given");
    count("--nodes", options_.nodes, "Nodes that share them evenly");
    count("--ranks-per-node", options_.ranks_per_node, "Ranks of one node");
    count("--threads", options_.threads, "Threads of a rank");
    app_->add_option("--vocabulary", options_.vocabulary, "Tokens, where there is no dataset yet")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("SIZE");
    file("--rates", options_.rates, "Rates of another machine, in place of measuring this one");
    file("--save-rates", options_.save_rates, "Write the measured rates");
    file("--run", options_.run, "Compare with this run, which was trained with --profile");
    app_->add_option_function<std::string>(
            "--memory-per-node",
            [this](const std::string& text) {
              options_.node_bytes = parse_byte_size(text, "--memory-per-node");
            },
            "Exit with code 2 if a node's ranks need more, such as 64GiB")
        ->type_name("SIZE");
    app_->add_flag("--json", options_.json, "Print one JSON object");
    app_->footer(
        "  switchyard plan my.toml                                   # one rank, on this machine\n"
        "  mpirun -n 2 switchyard plan my.toml                       # two, exchanges measured\n"
        "  switchyard plan my.toml --ranks 64 --nodes 8 --rates cluster.toml\n"
        "  mpirun -n 2 switchyard plan my.toml --run runs/a          # prediction and "
        "measurement\n\n"
        "Rates are measured by a few steps of the model cut down to one or two layers of a kind, "
        "on\n"
        "as many ranks as plan is started on. docs/plan.md explains the table.");
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
