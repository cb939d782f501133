#include <fmt/format.h>

#include "launch/commands/command.h"
#include "launch/submit/submission.h"

namespace switchyard {
namespace {

class SubmitCommand : public Command {
 public:
  explicit SubmitCommand(CLI::App& program) {
    app_ = program.add_subcommand("submit",
                                  "Check a run, write its batch script and submit it to Slurm");
    add_config_options(*app_, submission_.config, true);
    add_size_options();
    app_->add_option("--time", submission_.request.time,
                     "The time limit, in a form that Slurm accepts");
    app_->add_option("--warning", submission_.request.warning_seconds,
                     "How many seconds before the time limit the ranks save and exit")
        ->capture_default_str()
        ->check(CLI::Range(1, 65535));
    app_->add_option("--partition", submission_.partition, "Overrides slurm.partition");
    app_->add_option("--account", submission_.account, "Overrides slurm.account");
    app_->add_option("--name", submission_.request.name,
                     "The job's name; by default that of the run directory");
    app_->add_flag("--dry-run", submission_.dry_run,
                   "Check everything, print the script, and submit nothing");
    app_->footer(
        "  switchyard submit my.toml --nodes 4 --ranks-per-node 2 --time 12:00:00\n"
        "  switchyard submit my.toml --nodes 8 --ranks-per-node 8 --gpus-per-node 8 --dry-run\n\n"
        "The script stays in RUN/submit/job.sh. Site settings ([slurm] partition, account, "
        "options,\n"
        "setup) belong in the site file. docs/submit-to-slurm.md explains it all.");
  }

  int run() override {
    const Submitted made = submit(submission_);
    fmt::print(stderr, "{}\n", made.memory);
    if (made.job.empty()) {
      fmt::print("{}", made.script);
      return 0;
    }
    const std::string run = quoted_for_bash(made.run.string());
    fmt::print("{}\n", made.job);
    fmt::print(stderr,
               "job {0} runs {1}\n"
               "  switchyard status {1}          # the job and the run; --watch repeats it\n"
               "  tail -f {1}/submit/{0}.log\n"
               "  switchyard cancel {1}          # saves, then ends the job\n",
               made.job, run);
    return 0;
  }

 private:
  void add_size_options() {
    BatchRequest& request = submission_.request;
    const auto count = [&](const char* name, int& target, const char* doc) {
      return app_->add_option(name, target, doc)->capture_default_str();
    };
    app_->add_option("--nodes", request.nodes, "Number of nodes")
        ->required()
        ->check(CLI::PositiveNumber);
    count("--ranks-per-node", request.ranks_per_node,
          "Ranks on each node; with GPUs, one for each GPU")
        ->check(CLI::PositiveNumber);
    count("--cpus-per-rank", request.cpus_per_rank, "Cores of each rank")
        ->check(CLI::PositiveNumber);
    count("--gpus-per-node", request.gpus_per_node, "GPUs of each node; 0 to compute on the CPU")
        ->check(CLI::NonNegativeNumber);
  }

  Submission submission_;
};

}  // namespace

std::unique_ptr<Command> make_submit_command(CLI::App& program) {
  return std::make_unique<SubmitCommand>(program);
}

}  // namespace switchyard
