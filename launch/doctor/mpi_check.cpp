#include "launch/doctor/mpi_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "launch/host/counted.h"
#include "launch/host/host_name.h"
#include "launch/host/launcher.h"
#include "launch/host/own_program.h"
#include "launch/host/process.h"
#include "launch/host/ranks.h"

namespace switchyard::doctor {
namespace {

constexpr std::chrono::seconds mpi_patience{30};
constexpr const char* greeting = "hello from ";

std::string line_with(const std::string& text, const std::string& part) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(part) != std::string::npos) return line;
  }
  return "";
}

// Returns the first line that is more than a frame.
std::string first_words(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("- \t=*") != std::string::npos) return line;
  }
  return "it printed nothing";
}

}  // namespace

std::vector<std::string> usual_launcher() {
  if (!slurm_job().id.empty()) return {"srun", "--mpi=pmix", "--overlap", "-n", "2"};
  return {"mpirun", "-n", "2", "--oversubscribe"};
}

Finding check_launcher(const std::vector<std::string>& launcher) {
  std::vector<std::string> command = launcher;
  command.insert(command.end(), {own_program().string(), "doctor", "--hello"});
  const std::string name = fmt::format("{}", fmt::join(launcher, " "));
  const Finished finished = run_program(command, mpi_patience);
  const std::string hello = line_with(finished.output, greeting);
  if (finished.code == 0 && !hello.empty()) {
    return {Finding::Verdict::ok, "MPI launch", fmt::format("`{}`: {}", name, hello), ""};
  }
  if (finished.code == 127) {
    return {Finding::Verdict::fail, "MPI launch", fmt::format("cannot find {}", launcher.front()),
            "install Open MPI or load its module, or name another launcher after --"};
  }
  return {
      Finding::Verdict::fail, "MPI launch",
      fmt::format("`{}` ended with code {}: {}", name, finished.code, first_words(finished.output)),
      fmt::format("try `{} {} doctor --hello` by hand; as root, Open MPI needs "
                  "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                  name, own_program().string())};
}

int say_hello() {
  return run_on_ranks([](std::unique_ptr<Comm> world) {
    const std::vector<std::string> hosts = all_gather_text(*world, host_name());
    if (world->rank() == 0) {
      fmt::print("{}{} on {}\n", greeting, counted(world->size(), "rank"), fmt::join(hosts, ", "));
    }
    return world->size() > 1 ? Exit::done : Exit::usage;
  });
}

}  // namespace switchyard::doctor
