#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "launch/commands/command.h"
#include "launch/host/terminal.h"
#include "launch/submit/run_status.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds between_looks{10};  // so that Slurm is not asked more often

class StatusCommand : public Command {
 public:
  explicit StatusCommand(CLI::App& program) {
    app_ = program.add_subcommand("status", "Show the state of a run and of its Slurm job");
    app_->add_option("RUN", run_directory_, "The run directory")->required();
    app_->add_flag("--watch", watch_, "Repeat every 10 s until the run has ended");
    app_->add_flag("--json", json_, "Print one JSON object; with --watch, one on each line");
    app_->footer("  switchyard status runs/a --watch");
  }

  int run() override {
    // A launcher takes a moment to start ranks again, so one look at a dead run is not the end.
    for (int ended = 0;;) {
      const RunStatus status = run_status(run_directory_);
      const bool redraw = watch_ && !json_ && stdout_is_terminal();
      if (redraw) fmt::print("\x1b[H\x1b[2J");
      fmt::print("{}", json_ ? status_json(status).dump(watch_ ? -1 : 2) + "\n"
                             : status_text(status, terminal_width()));
      std::fflush(stdout);
      if (!watch_) return 0;
      ended = is_under_way(status) ? 0 : ended + 1;
      if (ended == (status.state.status == "running" ? 2 : 1)) return 0;
      std::this_thread::sleep_for(between_looks);
      if (!redraw && !json_) fmt::print("\n");
    }
  }

 private:
  std::string run_directory_;
  bool watch_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_status_command(CLI::App& program) {
  return std::make_unique<StatusCommand>(program);
}

}  // namespace switchyard
