#include <fmt/format.h>

#include "launch/commands/command.h"
#include "launch/config/config_checks.h"
#include "launch/config/config_json.h"
#include "launch/config/config_warnings.h"
#include "launch/host/own_program.h"
#include "launch/host/standard_streams.h"
#include "launch/run/initial_model.h"

namespace switchyard {
namespace {

class ConfigCommand : public Command {
 public:
  explicit ConfigCommand(CLI::App& program) {
    app_ = program.add_subcommand("config", "Print every config key, its value and its meaning");
    add_config_options(*app_, sources_, false);
    app_->add_flag("--json", json_, "Print every key as one JSON object, with what it allows");
    app_->footer(
        "Prints the config that `train` would use: defaults, then the site file\n"
        "($SWITCHYARD_SITE or ~/.config/switchyard/site.toml), then CONFIG, then --set.\n\n"
        "  switchyard config                                # all defaults, for a file of your "
        "own\n"
        "  switchyard config my.toml --set train.steps=20   # check a config without running it");
  }

  int run() override {
    const Config config = load_run_config(sources_);
    check_config(config);
    for (const std::string& warning : config_warnings(config)) say("warning: " + warning + "\n");
    fmt::print("{}", json_ ? config_json(config) + "\n" : print_config(config, Docs::yes));
    return 0;
  }

 private:
  ConfigSources sources_;
  bool json_ = false;
};

void add_set_option(CLI::App& app, std::vector<std::string>& sets, const char* meaning) {
  app.add_option("--set", sets, meaning)->type_name("KEY=VALUE")->allow_extra_args(false);
}

}  // namespace

void add_config_options(CLI::App& app, ConfigSources& sources, bool file_required) {
  sources.site_file = site_file();
  app.add_option_function<std::string>(
         "CONFIG", [&sources](const std::string& path) { sources.file = path; },
         "TOML file (`switchyard config` prints every key)")
      ->required(file_required);
  add_set_option(app, sources.sets,
                 "Override one key, as in --set train.steps=20; may be repeated");
}

void add_run_sets(CLI::App& app, std::vector<std::string>& sets) {
  add_set_option(app, sets, "Override a key of [run], as in --set run.device=cuda");
}

std::unique_ptr<Command> make_config_command(CLI::App& program) {
  return std::make_unique<ConfigCommand>(program);
}

}  // namespace switchyard
