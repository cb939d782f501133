#include "launch/host/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>

#include "io/text/escape.h"
#include "launch/host/host_name.h"
#include "launch/host/launcher.h"
#include "launch/host/standard_streams.h"
#include "runtime/comm/mpi_comm.h"
#include "runtime/foreign_error.h"

namespace switchyard {
namespace {

int give_up(Comm& world, Exit code, const std::string& message) {
  print_error(world.size() == 1 ? message : fmt::format("rank {}: {}", world.rank(), message));
  if (world.size() > 1)
    world.abort(static_cast<int>(code));  // the others may be waiting for this rank
  return static_cast<int>(code);
}

// MPI looks up the name of its host when it starts. A lookup that fails waits for a name server.
void explain_slow_start(std::chrono::duration<double> spent) {
  constexpr std::chrono::seconds slow{3};
  if (spent < slow || launched_rank() != 0 || has_address(host_name())) return;
  print_error(
      fmt::format("MPI took {:.0f} s to start, because the name of this host, {}, has no "
                  "address: add it to /etc/hosts",
                  spent.count(), host_name()));
}

}  // namespace

int run_on_ranks(const std::function<Exit(std::unique_ptr<Comm> world)>& body,
                 FlightRecord* record) {
  if (srun_without_pmix()) {
    print_error_of_all(
        fmt::format("srun started {} tasks that cannot find each other: start them with "
                    "srun --mpi=pmix",
                    slurm_step_tasks()));
    return static_cast<int>(Exit::usage);
  }
  prepare_mpi_environment();
  const auto begin = std::chrono::steady_clock::now();
  MpiSession session(nullptr, nullptr);
  explain_slow_start(std::chrono::steady_clock::now() - begin);
  const std::unique_ptr<Comm> control = session.world();
  try {
    require(slurm_step_tasks() <= control->size(), Exit::usage,
            "srun started {} tasks, but MPI sees {}: start them with srun --mpi=pmix",
            slurm_step_tasks(), control->size());
    const Exit code = body(session.world(record));
    control->barrier();  // a launcher may kill the rest when one rank exits with 75
    return static_cast<int>(code);
  } catch (const Error& error) {
    if (!error.agreed()) return give_up(*control, error.code(), error.what());
    if (control->rank() == 0) print_error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& thrown) {
    const Error error = error_of(thrown);
    return give_up(*control, error.code(), error.what());
  }
}

void print_error_of_all(const std::string& message) {
  if (launched_rank() == 0) return print_error(message);
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

void print_error(const std::string& message) {
  std::string text = "switchyard: ";
  for (std::size_t begin = 0; begin <= message.size();) {  // it may quote what strangers wrote
    const std::size_t end = std::min(message.find('\n', begin), message.size());
    text += terminal_text(std::string_view(message).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  say(text);
}

}  // namespace switchyard
