// What the environment says: the only code that reads it. Switchyard's own variables, and those
// Slurm and Open MPI set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

// $SWITCHYARD_SITE, else ~/.config/switchyard/site.toml if there is one. A variable that names no
// file is Exit::usage when the file is read.
std::optional<std::filesystem::path> site_file();

// Before MPI is initialised: what the launcher says of this process. 0 and 1 without a launcher.
int launched_rank();
int launched_ranks_on_node();

// OpenMP's threads spin for milliseconds at the end of every loop unless told otherwise, and where
// threads share a core that is a hundred times slower than work. It reads its settings when the
// program is loaded, so the program starts itself again with them, once. Leaves settings of the
// user's alone.
void restart_with_patient_threads(char** argv);

// Where several ranks share a core, Open MPI must yield while it waits, or every collective costs a
// scheduler's time slice. Call before MPI_Init; leaves a value of the user's alone.
void prepare_mpi_environment();

// The cores this process may run on, as text that is equal for processes bound alike, and their
// number.
struct Cores {
  std::string mask;
  int count = 1;
};
Cores allowed_cores();

// The tasks of the srun step this process belongs to; 0 if srun did not start it.
int slurm_step_tasks();
// True if srun started several tasks and told none of them how to find the others; MPI_Init would
// end the process with a page about its own build.
bool srun_without_pmix();

struct SlurmJob {
  std::string id;  // empty outside Slurm
  int restart_count = 0;
};
SlurmJob slurm_job();

std::filesystem::path own_program();     // the binary that runs
std::vector<std::string> search_path();  // the folders of PATH

std::string host_name();
std::string boot_id();  // changes when the machine restarts; empty if the system does not say
std::string utc_now();  // "2024-05-01T12:00:00Z"
std::optional<double> seconds_of_utc(const std::string& text);  // of such a text, since 1970
bool no_color();                                                // NO_COLOR is set (no-color.org)
bool stderr_is_terminal();
bool stdout_is_terminal();
int terminal_width();  // of stdout; unlimited without a terminal

}  // namespace switchyard
