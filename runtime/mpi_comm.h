// MPI behind the Comm interface. Nothing outside mpi_comm.cpp names an MPI function.
#pragma once

#include <memory>

#include "runtime/comm.h"

namespace switchyard {

// MPI for the life of the process: initialised with MPI_THREAD_MULTIPLE, finalised by the
// destructor.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  std::unique_ptr<Comm> world() const;  // Collective: a duplicate of the world communicator.
};

}  // namespace switchyard
