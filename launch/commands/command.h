// The subcommands of `switchyard`. Each declares its options on the program, and runs if it was
// chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "launch/config/config.h"

namespace switchyard {

class Command {
 public:
  virtual ~Command() = default;
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  virtual int run() = 0;  // returns the process's exit code, or throws an Error
  bool chosen() const { return app_->parsed(); }

 protected:
  CLI::App* app_ = nullptr;
};

std::unique_ptr<Command> make_train_command(CLI::App& program);
std::unique_ptr<Command> make_launch_command(CLI::App& program);
std::unique_ptr<Command> make_submit_command(CLI::App& program);
std::unique_ptr<Command> make_status_command(CLI::App& program);
std::unique_ptr<Command> make_cancel_command(CLI::App& program);
std::unique_ptr<Command> make_doctor_command(CLI::App& program);
std::unique_ptr<Command> make_report_command(CLI::App& program);
std::unique_ptr<Command> make_prepare_command(CLI::App& program);
std::unique_ptr<Command> make_evaluate_command(CLI::App& program);
std::unique_ptr<Command> make_score_command(CLI::App& program);
std::unique_ptr<Command> make_smoke_command(CLI::App& program);
std::unique_ptr<Command> make_sample_command(CLI::App& program);
std::unique_ptr<Command> make_inspect_command(CLI::App& program);
std::unique_ptr<Command> make_explain_command(CLI::App& program);
std::unique_ptr<Command> make_export_command(CLI::App& program);
std::unique_ptr<Command> make_verify_layout_command(CLI::App& program);
std::unique_ptr<Command> make_import_command(CLI::App& program);
std::unique_ptr<Command> make_model_command(CLI::App& program);
std::unique_ptr<Command> make_lineage_command(CLI::App& program);
std::unique_ptr<Command> make_checkpoint_command(CLI::App& program);
std::unique_ptr<Command> make_config_command(CLI::App& program);
std::unique_ptr<Command> make_bench_command(CLI::App& program);
std::unique_ptr<Command> make_plan_command(CLI::App& program);
std::unique_ptr<Command> make_help_command(CLI::App& program);
std::unique_ptr<Command> make_publish_command(CLI::App& program);
std::unique_ptr<Command> make_registry_command(CLI::App& program);
std::unique_ptr<Command> make_drift_command(CLI::App& program);
std::unique_ptr<Command> make_suspects_command(CLI::App& program);
std::unique_ptr<Command> make_card_command(CLI::App& program);
std::unique_ptr<Command> make_audit_command(CLI::App& program);
std::unique_ptr<Command> make_version_command(CLI::App& program);
std::unique_ptr<Command> make_completion_command(CLI::App& program);

// Adds the positional config file, required or not, and --set to `app`.
void add_config_options(CLI::App& app, ConfigSources& sources, bool file_required);
// Adds --set for keys of [run] only (apply_run_sets): for commands that compute but do not train.
void add_run_sets(CLI::App& app, std::vector<std::string>& sets);

}  // namespace switchyard
