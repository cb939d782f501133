#include "launch/planning/planning.h"

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
    count("--ranks", options_.layout.ranks,
          "Ranks of the run; by default as many as this command runs on");
    count("--nodes", options_.layout.nodes, "Nodes, with the ranks spread evenly over them");
    count("--ranks-per-node", options_.layout.ranks_per_node, "Ranks on each node");
    count("--threads", options_.threads, "Threads of each rank");
    app_->add_option("--vocabulary", options_.vocabulary,
                     "Size of the vocabulary, if there is no dataset yet")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("SIZE");
    app_->add_option("--experts", options_.experts,
                     "Plan each of these values of model.num_experts, and print one table")
        ->delimiter(',')
        ->check(CLI::Range(0, 1 << 20))
        ->type_name("LIST");
    file("--rates", options_.rates, "Use the rates in this file instead of measuring this machine");
    file("--save-rates", options_.save_rates, "Write the measured rates to this file");
    file("--run", options_.run,
         "Compare with this run, which must have been trained with --profile");
    app_->add_option_function<std::string>(
            "--network",
            [this](const std::string& text) {
              const bool per_second = text.ends_with("/s");
              options_.network = static_cast<double>(parse_byte_size(
                  per_second ? text.substr(0, text.size() - 2) : text, "--network"));
            },
            "What a rank sends to others, such as 3GB/s, instead of what was measured")
        ->type_name("RATE");
    app_->add_option(
            "--device", options_.gpu,
            "Predict the time of a step on this GPU from its data sheet (a100, h100, h200, "
            "b200), with run.device = \"cuda\"")
        ->type_name("GPU");
    size("--memory-per-node", options_.node_bytes,
         "Exit with code 2 if the ranks of a node need more memory than this, such as 64GiB, and "
         "say "
         "what would make it fit");
    size("--memory-per-gpu", options_.gpu_bytes, "The same for the rank of a GPU");
    app_->add_flag("--json", options_.json, "Print the plan as one JSON object");
    app_->footer(
        "  switchyard plan my.toml                                   # one rank, on this machine\n"
        "  mpirun -n 2 switchyard plan my.toml                       # two ranks, with exchanges "
        "measured\n"
        "  switchyard plan my.toml --nodes 8 --ranks-per-node 8 --rates cluster.toml\n"
        "  switchyard plan my.toml --device h100 --nodes 4 --ranks-per-node 8 --network 50GB/s\n"
        "  switchyard plan my.toml --experts 8,64,512                # one table, with the cost of "
        "a "
        "token\n"
        "  mpirun -n 2 switchyard plan my.toml --run runs/a          # beside what a run "
        "measured\n\n"
        "To measure the rates, it trains the model for a few steps, cut down to a few layers, on "
        "the\n"
        "ranks that it was started on. One process measures no exchange. docs/plan.md explains "
        "the\n"
        "table.");
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

  void size(const std::string& name, std::int64_t& target, const char* meaning) {
    app_->add_option_function<std::string>(
            name,
            [&target, name](const std::string& text) { target = parse_byte_size(text, name); },
            meaning)
        ->type_name("SIZE");
  }

  plan::PlanOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_plan_command(CLI::App& program) {
  return std::make_unique<PlanCommand>(program);
}

}  // namespace switchyard
