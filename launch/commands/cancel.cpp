#include <fmt/format.h>

#include "launch/commands/command.h"
#include "launch/host/slurm.h"
#include "launch/submit/submission.h"

namespace switchyard {
namespace {

class CancelCommand : public Command {
 public:
  explicit CancelCommand(CLI::App& program) {
    app_ = program.add_subcommand("cancel", "End a run's Slurm job; a running job saves first");
    app_->add_option("RUN", run_directory_, "The run directory")->required();
    app_->footer("  switchyard cancel runs/a     # `switchyard submit` continues the run later");
  }

  int run() override {
    const std::string job = submitted_job(run_directory_);
    cancel_job(job);
    fmt::print("ending job {}\n", job);
    return 0;
  }

 private:
  std::string run_directory_;
};

}  // namespace

std::unique_ptr<Command> make_cancel_command(CLI::App& program) {
  return std::make_unique<CancelCommand>(program);
}

}  // namespace switchyard
