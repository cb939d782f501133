// Detects that a launcher lost a rank on this machine. Open MPI's mpirun does not always notice
// that a rank was killed before it ran, and the other ranks then wait for it in MPI_Init
// indefinitely.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace switchyard::supervise {

// True if fewer descendants of `launcher` run `program` than Open MPI started on this machine, by
// the environment of those that run. False if none runs it: the ranks of srun and those on other
// machines are no descendants.
bool misses_a_rank(pid_t launcher, const std::filesystem::path& program);

}  // namespace switchyard::supervise
