// switchyard: one program, one subcommand per task.
#include "launch/commands/command.h"
#include "launch/commands/help_json.h"
#include "launch/commands/usage.h"
#include "launch/host/home.h"
#include "launch/host/launcher.h"
#include "launch/host/own_program.h"
#include "launch/host/ranks.h"
#include "launch/host/standard_streams.h"
#include "launch/host/version.h"
#include "runtime/foreign_error.h"

namespace switchyard {
namespace {

// CLI11's own exit codes are replaced: help and version are 0, everything else is Exit::usage. All
// ranks of a job get here, before MPI starts, and only the first one prints.
int report(const CLI::App& program, const CLI::ParseError& error,
           const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == 0) return launched_rank() == 0 ? program.exit(error) : 0;
  print_error_of_all(usage_message(program, error, arguments));
  return static_cast<int>(Exit::usage);
}

int run(int argc, char** argv) {
  CLI::App program{"Switchyard trains mixture-of-experts language models on MPI ranks.",
                   "switchyard"};
  program.set_version_flag("--version", version_text);
  program.require_subcommand(1);
  std::vector<std::unique_ptr<Command>> commands;
  for (const auto make :
       {make_train_command,      make_launch_command,        make_submit_command,
        make_status_command,     make_cancel_command,        make_report_command,
        make_doctor_command,     make_prepare_command,       make_evaluate_command,
        make_score_command,      make_smoke_command,         make_sample_command,
        make_inspect_command,    make_explain_command,       make_export_command,
        make_import_command,     make_model_command,         make_lineage_command,
        make_checkpoint_command, make_config_command,        make_bench_command,
        make_plan_command,       make_publish_command,       make_registry_command,
        make_drift_command,      make_suspects_command,      make_card_command,
        make_audit_command,      make_verify_layout_command, make_help_command,
        make_version_command,    make_completion_command}) {
    commands.push_back(make(program));
  }
  // After the commands: those without a footer would inherit it.
  program.footer(
      "A first run, from text to a sample:\n"
      "  switchyard prepare corpus/ --output data/corpus\n"
      "  mpirun -n 2 switchyard train examples/quickstart.toml --set data.dataset=data/corpus\n"
      "  switchyard evaluate runs/quickstart\n"
      "  switchyard sample runs/quickstart --prompt \"Once\"\n\n"
      "Exit codes: 0 success, 1 a bug in switchyard, 2 wrong usage or config, 3 bad data or\n"
      "checkpoint, 4 storage, 5 the run is in use, 6 numerical failure, 8 a gate or a monitor\n"
      "said no, 75 saved, start again to continue, 76 a rank died, start again to continue, 77 "
      "the\n"
      "same failure repeats.");
  program.add_flag_callback(
      "--help-json", [&program] { throw CLI::CallForVersion(help_json(program), 0); },
      "Print every command and option as JSON and exit");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report(program, error, {argv + 1, argv + argc});
  }
  for (const std::unique_ptr<Command>& command : commands) {
    if (command->chosen()) return command->run();
  }
  return static_cast<int>(Exit::usage);
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  switchyard::open_missing_streams();
  switchyard::let_large_writes_fail();
  switchyard::restart_with_patient_threads(argv);
  switchyard::expand_home_in_options(argc, argv);
  try {
    const int code = switchyard::run(argc, argv);
    if (code == 0) switchyard::check_results_written();
    return code;
  } catch (const std::exception& thrown) {
    const switchyard::Error error = switchyard::error_of(thrown);
    switchyard::print_error(error.what());
    return static_cast<int>(error.code());
  }
}
