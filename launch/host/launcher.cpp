#include "launch/host/launcher.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "launch/host/environment.h"

namespace switchyard {
namespace {

// The integer at the start of the first of these variables that has one: "4(x2)" is 4.
int first_integer(std::initializer_list<const char*> names, int fallback) {
  for (const char* name : names) {
    const std::string text = environment_variable(name);
    int value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc())
      return value;
  }
  return fallback;
}

int cores_of(pid_t process) {
  cpu_set_t cores;
  return sched_getaffinity(process, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 0;
}

}  // namespace

int launched_rank() {
  return first_integer({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"}, 0);
}

int launched_ranks_on_node() {
  return first_integer(
      {"OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE", "SLURM_NTASKS_PER_NODE"}, 1);
}

void prepare_mpi_environment() {
  // A launcher binds its ranks, not itself: its cores are the node's.
  const int cores = std::max(cores_of(0), cores_of(getppid()));
  if (launched_ranks_on_node() > cores)
    set_environment_default("OMPI_MCA_mpi_yield_when_idle", "1");
}

int slurm_step_tasks() {
  const bool by_mpirun =
      !environment_variable("OMPI_COMM_WORLD_SIZE").empty();  // which srun may have started
  return by_mpirun ? 0 : first_integer({"SLURM_STEP_NUM_TASKS"}, 0);
}

bool srun_without_pmix() {
  return slurm_step_tasks() > 1 && environment_variable("PMIX_RANK").empty() &&
         environment_variable("PMI_RANK").empty();
}

SlurmJob slurm_job() {
  return {environment_variable("SLURM_JOB_ID"), first_integer({"SLURM_RESTART_COUNT"}, 0)};
}

}  // namespace switchyard
