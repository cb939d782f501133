#include <csignal>

#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/host/stop_signals.h"
#include "launch/training/training.h"

namespace switchyard {
namespace {

class TrainCommand : public Command {
 public:
  explicit TrainCommand(CLI::App& program) {
    app_ = program.add_subcommand("train", "Train a model, or continue a run");
    add_config_options(*app_, options_.config, true);
    app_->add_flag("--resume", options_.resume,
                   "Continue from the run's newest good checkpoint, or start if there is none, on "
                   "any number of ranks");
    app_->add_option("--stop-before", options_.stop_before,
                     "Save and exit with code 75 when the run reaches this step")
        ->type_name("STEP")
        ->check(CLI::PositiveNumber);
    app_->add_flag("--profile", options_.profile,
                   "Print how long each part of a step took when the run ends, and write traces "
                   "for ui.perfetto.dev into the run directory");
    app_->footer(
        "  switchyard train my.toml --set data.dataset=DATASET              # one process\n"
        "  mpirun -n 2 switchyard train my.toml --set run.directory=runs/a  # two ranks\n"
        "  mpirun -n 4 switchyard train my.toml --set run.directory=runs/a --resume\n\n"
        "Paths are relative to the current directory. On SIGTERM, SIGINT or SIGUSR1 the run saves\n"
        "and exits with code 75; a second SIGTERM or SIGINT ends it at once. docs/train.md\n"
        "explains keys, files and exit codes.");
  }

  int run() override {
    std::signal(SIGPIPE, SIG_IGN);  // a run continues when nobody reads its progress
    StopSignals::remember_warnings();
    const SharedRecord record = make_shared_record();
    return run_on_ranks(
        [&](std::unique_ptr<Comm> world) { return train(options_, *record, std::move(world)); },
        record.get());
  }

 private:
  TrainingOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_train_command(CLI::App& program) {
  return std::make_unique<TrainCommand>(program);
}

}  // namespace switchyard
