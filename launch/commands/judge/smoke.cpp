#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "io/text/escape.h"
#include "launch/commands/command.h"
#include "launch/smoke/smoke.h"

namespace switchyard {
namespace {

using smoke::Check;
using smoke::Verdict;

std::string text_of(const std::vector<Check>& checks) {
  std::string text;
  std::size_t good = 0, open = 0;
  for (const Check& check : checks) {
    text += fmt::format("{:<11}  {:<13}  {}\n", name_of(check.verdict), check.name,
                        terminal_text(check.found));
    good += check.verdict == Verdict::ok ? 1 : 0;
    open += check.verdict == Verdict::not_checked ? 1 : 0;
  }
  text += fmt::format("{} of {}", good, checks.size());
  if (open > 0) text += fmt::format(", {} not checked", open);
  return text + "\n";
}

nlohmann::ordered_json json_of(const std::vector<Check>& checks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    list.push_back(
        {{"check", check.name}, {"verdict", name_of(check.verdict)}, {"found", check.found}});
  }
  return {{"checks", std::move(list)}};
}

class SmokeCommand : public Command {
 public:
  explicit SmokeCommand(CLI::App& program) {
    app_ = program.add_subcommand("smoke",
                                  "Check within a minute that this program and a model work here");
    app_->add_option(
        "MODEL", options_.model,
        "A checkpoint, a model folder, or a run directory; without one, smoke trains a "
        "tiny model");
    app_->add_option("--profile", options_.profile,
                     "The results of this model, or their profile.json, which it must match")
        ->type_name("FOLDER");
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->add_option("--probe", probe_, "What the processes that smoke starts run")->group("");
    app_->add_option("--launcher", options_.launcher,
                     "The command that starts two ranks, as \"mpirun -n 2\"")
        ->delimiter(' ')
        ->type_name("COMMAND");
    app_->footer(
        "  switchyard smoke\n"
        "  switchyard smoke models/today --profile results/today\n\n"
        "Trains a tiny model, stops it, lets it go on with 2 ranks, and compares the bits. Then "
        "it\n"
        "reads every byte of the model, looks for values that are not finite, tries the "
        "tokenizer,\n"
        "compares losses and the loads of experts with the profile, lets the model write, and\n"
        "compares 1 rank with 2. Exits with 8 if a check fails, and with 3 if a file is damaged.");
  }

  int run() override {
    if (!probe_.empty()) return smoke::probe(probe_);
    const std::vector<Check> checks = smoke::run_smoke(options_);
    fmt::print("{}", json_ ? json_of(checks).dump(2) + "\n" : text_of(checks));
    return static_cast<int>(smoke::exit_code_of(checks));
  }

 private:
  smoke::SmokeOptions options_;
  std::string probe_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_smoke_command(CLI::App& program) {
  return std::make_unique<SmokeCommand>(program);
}

}  // namespace switchyard
