#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launch/commands/command.h"
#include "launch/doctor/mpi_check.h"
#include "launch/doctor/node_checks.h"
#include "launch/doctor/storage_checks.h"
#include "launch/host/host_name.h"

namespace switchyard {
namespace {

class DoctorCommand : public Command {
 public:
  explicit DoctorCommand(CLI::App& program) {
    app_ =
        program.add_subcommand("doctor", "Check whether this node can train, and say what to fix");
    app_->add_option("--run", run_, "A run directory, or the place where one will be")
        ->capture_default_str();
    app_->add_flag("--no-mpi", without_mpi_, "Do not start two ranks to check MPI");
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->add_flag("--hello", hello_, "What the ranks that doctor starts run")->group("");
    app_->add_option("LAUNCHER", launcher_, "The command that starts two ranks, after --");
    app_->footer(
        "  switchyard doctor --run /scratch/me/runs\n"
        "  switchyard doctor -- mpirun -n 2 --hostfile hosts\n"
        "  srun --nodes 4 --ntasks-per-node 1 switchyard doctor --no-mpi   # each node of a "
        "job\n\n"
        "Takes a few seconds. Exits with 0 if no check fails, with 2 otherwise.");
  }

  int run() override {
    if (hello_) return doctor::say_hello();
    std::vector<doctor::Finding> findings = doctor::check_node();
    for (doctor::Finding& finding : doctor::check_storage(run_)) {
      findings.push_back(std::move(finding));
    }
    if (!without_mpi_) {
      findings.push_back(
          doctor::check_launcher(launcher_.empty() ? doctor::usual_launcher() : launcher_));
    }
    fmt::print("{}", json_ ? json_of(findings).dump(2) + "\n" : text_of(findings));
    return doctor::exit_code_of(findings);
  }

 private:
  static std::string text_of(const std::vector<doctor::Finding>& findings) {
    std::string text = host_name() + "\n";
    for (const doctor::Finding& finding : findings) text += finding_text(finding);
    return text;
  }

  static nlohmann::ordered_json json_of(const std::vector<doctor::Finding>& findings) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const doctor::Finding& finding : findings) {
      list.push_back({{"verdict", word_of(finding.verdict)},
                      {"subject", finding.subject},
                      {"found", finding.found},
                      {"advice", finding.advice}});
    }
    return {{"host", host_name()}, {"findings", list}};
  }

  std::string run_ = ".";
  std::vector<std::string> launcher_;
  bool without_mpi_ = false, json_ = false, hello_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command(CLI::App& program) {
  return std::make_unique<DoctorCommand>(program);
}

}  // namespace switchyard
