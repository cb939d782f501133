// What mpirun, srun and Slurm tell this process about the job that it belongs to.
#pragma once

#include <string>

namespace switchyard {

// What the launcher says before MPI is initialised. 0 and 1 without a launcher.
int launched_rank();
int launched_ranks_on_node();

// Where several ranks share a core, Open MPI must yield while it waits, or every collective costs a
// scheduler's time slice. Call before MPI_Init; leaves a value of the user's alone.
void prepare_mpi_environment();

// The number of tasks of the srun step that this process belongs to; 0 if srun did not start it.
int slurm_step_tasks();
// True if srun started several tasks without telling them how to find each other. MPI_Init would
// end the process with a page about its own build.
bool srun_without_pmix();

struct SlurmJob {
  std::string id;  // empty outside Slurm
  int restart_count = 0;
};
SlurmJob slurm_job();  // that this process belongs to

}  // namespace switchyard
