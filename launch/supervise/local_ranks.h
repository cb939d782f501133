// Whether a launcher lost a rank on this machine. Open MPI's mpirun does not always see that one
// died which was killed before it ran, and the others then wait for it in MPI_Init for ever.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace switchyard::supervise {

// True if fewer processes below `launcher` run `program` than Open MPI told them that there are on
// this machine. False if none runs it: ranks of srun and those on other machines are not below it.
bool misses_a_rank(pid_t launcher, const std::filesystem::path& program);

}  // namespace switchyard::supervise
