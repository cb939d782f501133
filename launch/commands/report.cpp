#include <fmt/format.h>

#include "io/files/durable.h"
#include "launch/commands/command.h"
#include "launch/report/run_report.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class ReportCommand : public Command {
 public:
  explicit ReportCommand(CLI::App& program) {
    app_ = program.add_subcommand("report", "Write an HTML report about a run, with charts");
    app_->add_option("RUN", run_, "The run directory")->required();
    app_->add_option("--output", output_, "The file to write; by default RUN/report.html");
    app_->footer(
        "  switchyard report runs/a            # prints the name of the file\n\n"
        "The report is one self-contained HTML file. The run may still be in progress.");
  }

  int run() override {
    const std::filesystem::path file =
        output_.empty() ? RunDirectory(run_).report_file() : std::filesystem::path(output_);
    const std::string page = run_report_html(read_history(run_));
    try {
      durable::replace_file(file, page);
    } catch (const Error& error) {
      if (!output_.empty()) throw;
      fail(error.code(), "{}; write the report elsewhere with --output FILE", error.what());
    }
    fmt::print("{}\n", file.string());
    return 0;
  }

 private:
  std::string run_, output_;
};

}  // namespace

std::unique_ptr<Command> make_report_command(CLI::App& program) {
  return std::make_unique<ReportCommand>(program);
}

}  // namespace switchyard
