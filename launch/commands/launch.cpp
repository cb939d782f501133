#include <fmt/ranges.h>

#include "launch/commands/command.h"
#include "launch/host/process.h"
#include "launch/supervise/supervisor.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class LaunchCommand : public Command {
 public:
  explicit LaunchCommand(CLI::App& program) {
    app_ = program.add_subcommand("launch",
                                  "Start the ranks of a run, and restart them when they die");
    add_config_options(*app_, options_.config, true);
    app_->add_flag("--resume", resume_,
                   "Changes nothing: launch always continues from the newest good checkpoint");
    app_->add_option("--failures", options_.max_failures,
                     "Give up with exit code 77 after this many failures without progress")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app_->add_option("--script", options_.script,
                     "The batch script to submit if Slurm refuses to requeue the job");
    app_->add_option(
        "LAUNCHER", options_.launcher,
        "The command that starts the ranks, after --; without one, a single rank runs");
    app_->footer(
        "  switchyard launch my.toml -- mpirun -n 8\n"
        "  switchyard launch my.toml -- srun --mpi=pmix --kill-on-bad-exit=1   # in a batch "
        "script\n\n"
        "Runs `LAUNCHER switchyard train CONFIG --resume` until the run is done. On SIGUSR1 or\n"
        "SIGTERM the ranks save and exit, and a Slurm job is put back in the queue. Ctrl-C saves\n"
        "and ends the run; a second Ctrl-C ends it without saving.");
  }

  int run() override {
    const std::filesystem::path& file = *options_.config.file;
    std::error_code unreadable;  // reading it says why
    require(std::filesystem::exists(file, unreadable) || !is_in_path(file.string()), Exit::usage,
            "{0} is no config file: write the config before --, as in switchyard launch my.toml -- "
            "{0} {1}",
            file.string(), fmt::join(options_.launcher, " "));
    return supervise::supervise(options_);
  }

 private:
  supervise::SupervisorOptions options_;
  bool resume_ = true;
};

}  // namespace

std::unique_ptr<Command> make_launch_command(CLI::App& program) {
  return std::make_unique<LaunchCommand>(program);
}

}  // namespace switchyard
