#include "launch/commands/command.h"
#include "launch/supervise/supervisor.h"

namespace switchyard {
namespace {

class LaunchCommand : public Command {
 public:
  explicit LaunchCommand(CLI::App& program) {
    app_ = program.add_subcommand("launch",
                                  "Start the ranks of a run, and start them again when they die");
    add_config_options(*app_, options_.config, true);
    app_->add_option("--failures", options_.max_failures,
                     "Give up (exit code 77) after so many failures without progress")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app_->add_option("--script", options_.script,
                     "Batch script to submit when Slurm refuses to requeue the job");
    app_->add_option("LAUNCHER", options_.launcher, "What starts the ranks, after --");
    app_->footer(
        "  switchyard launch my.toml -- mpirun -n 8\n"
        "  switchyard launch my.toml -- srun --mpi=pmix --kill-on-bad-exit=1   # in a batch "
        "script\n\n"
        "Runs `LAUNCHER switchyard train CONFIG --resume` until the run is done. SIGUSR1 and "
        "SIGTERM\n"
        "let the ranks save; in a Slurm job the job is then requeued. Ctrl-C saves and ends,\n"
        "a second one ends at once.");
  }

  int run() override { return supervise::supervise(options_); }

 private:
  supervise::SupervisorOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_launch_command(CLI::App& program) {
  return std::make_unique<LaunchCommand>(program);
}

}  // namespace switchyard
