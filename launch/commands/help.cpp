#include <fmt/format.h>

#include "launch/commands/command.h"
#include "launch/commands/command_table.h"
#include "launch/commands/usage.h"
#include "launch/config/config_table.h"
#include "launch/host/version.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class HelpCommand : public Command {
 public:
  explicit HelpCommand(CLI::App& program) : program_(program) {
    app_ = program.add_subcommand("help", "Show the help of a command, or of the program");
    app_->add_option("COMMAND", words_, "A command, such as train or checkpoint list");
    app_->add_flag("--man", man_, "Print a man page of all commands");
    app_->footer("  switchyard help checkpoint list\n  switchyard help --man | man -l -");
  }

  int run() override {
    if (man_) {
      fmt::print("{}", man_page(command_table(program_)));
      return 0;
    }
    const CLI::App* chosen = &program_;
    std::string path;  // of the commands above the chosen one
    for (const std::string& word : words_) {
      const std::vector<const CLI::App*> named =
          chosen->get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
      require(!named.empty(), Exit::usage, "{}", no_command(*chosen, word));
      path += chosen->get_name() + " ";
      chosen = named.front();
    }
    fmt::print("{}", chosen->get_formatter()->make_help(chosen, path + chosen->get_name(),
                                                        CLI::AppFormatMode::Normal));
    return 0;
  }

 private:
  const CLI::App& program_;
  std::vector<std::string> words_;
  bool man_ = false;
};

class VersionCommand : public Command {
 public:
  explicit VersionCommand(CLI::App& program) {
    app_ = program.add_subcommand(
        "version", "Print the version, the commit, how it was built, and its libraries");
  }
  int run() override {
    fmt::print("{}\n", version_text());
    return 0;
  }
};

class CompletionCommand : public Command {
 public:
  explicit CompletionCommand(CLI::App& program) : program_(program) {
    app_ =
        program.add_subcommand("completion", "Print a script that completes commands and options");
    app_->add_option("SHELL", shell_, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    app_->footer(
        "  source <(switchyard completion bash)     # in ~/.bashrc\n"
        "  source <(switchyard completion zsh)      # in ~/.zshrc, after compinit");
  }
  int run() override {
    const CommandRow table = command_table(program_);
    Config config;
    std::vector<std::string> keys;
    for (const ConfigKey& key : config_keys(config)) keys.emplace_back(key.name);
    fmt::print("{}", shell_ == "bash" ? bash_completion(table, keys) : zsh_completion(table, keys));
    return 0;
  }

 private:
  const CLI::App& program_;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_help_command(CLI::App& program) {
  return std::make_unique<HelpCommand>(program);
}
std::unique_ptr<Command> make_version_command(CLI::App& program) {
  return std::make_unique<VersionCommand>(program);
}
std::unique_ptr<Command> make_completion_command(CLI::App& program) {
  return std::make_unique<CompletionCommand>(program);
}

}  // namespace switchyard
