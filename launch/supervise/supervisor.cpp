#include "launch/supervise/supervisor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "io/files/durable.h"
#include "launch/config/config_checks.h"
#include "launch/host/launcher.h"
#include "launch/host/own_program.h"
#include "launch/host/process.h"
#include "launch/host/ranks.h"
#include "launch/host/slurm.h"
#include "launch/machine/machine_memory.h"
#include "launch/run/initial_model.h"
#include "launch/run/lease.h"
#include "launch/run/run_directory.h"
#include "launch/supervise/launcher_watch.h"
#include "launch/supervise/local_ranks.h"
#include "launch/supervise/verdict.h"

namespace switchyard::supervise {
namespace {

using namespace std::chrono_literals;

// Signal handlers can only reach objects of static storage.
std::atomic<pid_t> ranks{0};
std::atomic<bool> asked_to_leave{false}, asked_to_end{false};

// The ranks treat any number of SIGUSR1 as one request to save and exit. It is sent again every
// second, because a launcher that is still starting the ranks passes no signals on. A second Ctrl-C
// means "at once"; a second signal from Slurm does not, since Slurm sends SIGTERM after its
// warning.
void pass_on(int number) {
  asked_to_leave = true;
  const bool now = number == SIGINT && asked_to_end.exchange(true);
  if (ranks > 0) kill(ranks, now ? SIGTERM : SIGUSR1);
  alarm(1);
}

void listen() {
  struct sigaction action {};
  action.sa_handler = pass_on;  // without SA_RESTART, so that the wait for the ranks is interrupted
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGALRM}) sigaction(number, &action, nullptr);
  struct sigaction before {};  // nohup has SIGHUP ignored: a closed terminal then means nothing
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

std::vector<std::string> command_line(const SupervisorOptions& options) {
  std::vector<std::string> command = options.launcher;
  command.push_back(own_program().string());
  command.push_back("train");
  if (options.config.file) command.push_back(options.config.file->string());
  command.push_back("--resume");
  for (const std::string& set : options.config.sets) {
    command.push_back("--set");
    command.push_back(set);
  }
  return command;
}

// True if the attempt after `before` let its lease expire or, before it has a lease, lost a rank on
// this machine. Once it has a lease, the ranks watch each other.
bool ranks_are_gone(const RunDirectory& directory, int before) {
  try {
    const int attempt = directory.read_state().attempt;
    if (attempt == before) return misses_a_rank(ranks, own_program());
    return lease_age(directory.path(), attempt).value_or(0s) > lease_time;
  } catch (const Error&) {  // an unreadable state says nothing about the ranks
    return false;
  }
}

int run_ranks(const std::vector<std::string>& command, const RunDirectory& directory, int before) {
  ranks = start_program(command);
  if (asked_to_leave) kill(ranks, SIGUSR1);  // the signal came before the ranks existed
  const LauncherWatch watch(
      ranks, 5s, [&] { return ranks_are_gone(directory, before); },
      [&] { print_error(command[0] + " has not noticed that ranks are gone: ending it"); });
  int code = -1;
  while ((code = wait_for_program(ranks)) < 0) {
  }
  ranks = 0;
  alarm(0);
  return code;
}

// The launcher ended before a rank began an attempt. Errors: Exit::usage if it starts no other
// program either, since another try would end in the same way: too few slots, a wrong option, no
// such launcher. Nodes of a Slurm job may come back, so there only a missing launcher is an error.
void require_launch(const std::vector<std::string>& launcher, int code) {
  if (launcher.empty() || code == 0 || code > 128) return;
  require(code != cannot_start || is_in_path(launcher[0]), Exit::usage,
          "not starting the ranks again: there is no {} to start", launcher[0]);
  if (!slurm_job().id.empty()) return;
  constexpr std::chrono::seconds launch_patience{30};
  std::vector<std::string> probe = launcher;
  probe.insert(probe.end(), {own_program().string(), "--version"});
  require(run_program(probe, launch_patience).code == 0, Exit::usage,
          "not starting the ranks again: `{}` starts no program at all (code {}; its message is "
          "above)",
          fmt::join(launcher, " "), code);
}

// The run was saved on request: a Slurm job is put back in the queue.
int leave(const SupervisorOptions& options) {
  const SlurmJob job = slurm_job();
  if (job.id.empty() || asked_to_end) return static_cast<int>(Exit::requeue);
  print_error(requeue_job(job.id, options.script));
  return static_cast<int>(Exit::requeue);
}

}  // namespace

int supervise(const SupervisorOptions& options) {
  const Config config = load_run_config(options.config);
  check_config(config);
  if (options.launcher.empty()) {
    print_error(
        "no launcher was given, so a single rank runs; for more, end the command with "
        "-- mpirun -n N");
  }
  const RunDirectory directory(config.run.directory);
  const std::vector<std::string> command = command_line(options);
  listen();
  for (;;) {
    const RunState before = directory.read_state();
    const std::int64_t killed_before = out_of_memory_kills();
    const int code = run_ranks(command, directory, before.attempt);
    RunState state = directory.read_state();
    if (state.attempt == before.attempt)
      state.status = state.problem = "";  // of an earlier attempt
    const RanksEnd end{code, state.step > before.step, out_of_memory_kills() > killed_before};
    const Verdict verdict = judge(end, state, directory.read_failures(), options.max_failures);
    if (asked_to_leave && verdict.next == Next::restart) {
      print_error("the ranks were asked to save and exit, but ended without saving");
      return leave(options);  // the last checkpoint is still there
    }
    if (verdict.next == Next::restart && state.attempt == before.attempt)
      require_launch(options.launcher, code);
    directory.write_failures(verdict.failures);
    if (!verdict.why.empty()) print_error(verdict.why);
    if (verdict.next == Next::leave_saved) return leave(options);
    if (verdict.next != Next::restart) return verdict.code;
    std::this_thread::sleep_for(std::chrono::seconds(verdict.failures.count));
  }
}

}  // namespace switchyard::supervise
