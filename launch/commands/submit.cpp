#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launch/commands/command.h"
#include "launch/host/slurm_time.h"
#include "launch/submit/submission.h"

namespace switchyard {
namespace {

nlohmann::ordered_json submission_json(const Submitted& made) {
  const BatchRequest& request = made.request;
  const int ranks = request.nodes * request.ranks_per_node;
  const auto limit = seconds_of_limit(request.time);
  nlohmann::ordered_json json = {{"job", nullptr},
                                 {"run", request.run.string()},
                                 {"device", name_of(made.config.run.device)},
                                 {"nodes", request.nodes},
                                 {"ranks", ranks},
                                 {"gpus", request.nodes * request.gpus_per_node},
                                 {"time_limit_seconds", nullptr},
                                 {"notes", made.notes},
                                 {"script", made.script},
                                 {"config", submitted_config(made)}};
  if (!made.job.empty()) json["job"] = made.job;
  if (limit) json["time_limit_seconds"] = *limit;
  return json;
}

class SubmitCommand : public Command {
 public:
  explicit SubmitCommand(CLI::App& program) {
    app_ = program.add_subcommand("submit",
                                  "Check a run, write its batch script and submit it to Slurm");
    add_config_options(*app_, submission_.config, true);
    add_size_options();
    app_->add_option(
        "--time", submission_.request.time,
        "The time limit in a form of Slurm: 90 (minutes), 12:00:00, 2-12 (days-hours)");
    app_->add_option("--warning", submission_.request.warning_seconds,
                     "How many seconds before the time limit the ranks save and exit")
        ->capture_default_str()
        ->check(CLI::Range(1, 65535));
    app_->add_option("--partition", submission_.partition, "Overrides slurm.partition");
    app_->add_option("--account", submission_.account, "Overrides slurm.account");
    app_->add_option("--name", submission_.request.name,
                     "The job's name; by default that of the run directory");
    app_->add_flag("--dry-run", submission_.dry_run,
                   "Check everything, print the script and the config, and submit nothing");
    app_->add_flag("--json", json_, "Print one JSON object instead");
    app_->footer(
        "  switchyard submit my.toml --nodes 4 --ranks-per-node 2 --time 12:00:00\n"
        "  switchyard_cuda submit my.toml --nodes 4 --gpus-per-node 8 --dry-run\n\n"
        "The script stays in RUN/submit/job.sh. Site settings ([slurm] partition, account, "
        "options,\n"
        "setup) belong in the site file. docs/submit-to-slurm.md explains it all.");
  }

  int run() override {
    const Submitted made = submit(submission_);
    for (const std::string& note : made.notes) fmt::print(stderr, "{}\n", note);
    if (json_) {
      fmt::print("{}\n", submission_json(made).dump(2));
    } else if (made.job.empty()) {
      print_files(made);
    } else {
      print_next_steps(made);
    }
    return 0;
  }

 private:
  static void print_files(const Submitted& made) {
    const std::string folder = (made.request.run / "submit").string();
    fmt::print("==> {0}/job.sh <==\n{1}\n==> {0}/config.toml <==\n{2}", folder, made.script,
               submitted_config(made));
  }

  static void print_next_steps(const Submitted& made) {
    fmt::print("{}\n", made.job);
    fmt::print(stderr,
               "job {0} runs {1}\n"
               "  switchyard status {1}          # the job and the run; --watch repeats it\n"
               "  tail -f {1}/submit/{0}.log\n"
               "  switchyard cancel {1}          # saves, then ends the job\n",
               made.job, quoted_for_bash(made.request.run.string()));
  }

  void add_size_options() {
    BatchRequest& request = submission_.request;
    app_->add_option("--nodes", request.nodes, "Number of nodes")
        ->required()
        ->check(CLI::Range(1, 1 << 16));
    app_->add_option("--ranks-per-node", request.ranks_per_node,
                     "Ranks on each node; by default one for each GPU, and one without GPUs")
        ->check(CLI::Range(1, 1 << 12));
    app_->add_option("--cpus-per-rank", request.cpus_per_rank, "Cores of each rank")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app_->add_option("--gpus-per-node", request.gpus_per_node,
                     "GPUs of each node; they set run.device to \"cuda\"")
        ->capture_default_str()
        ->check(CLI::Range(0, 1 << 12));
  }

  Submission submission_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_submit_command(CLI::App& program) {
  return std::make_unique<SubmitCommand>(program);
}

}  // namespace switchyard
