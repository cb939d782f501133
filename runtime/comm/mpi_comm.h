// MPI behind the Comm interface. Nothing outside mpi_comm.cpp names an MPI function.
#pragma once

#include <memory>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"

namespace switchyard {

// MPI for the life of the process: initialised with MPI_THREAD_MULTIPLE, finalised by the
// destructor.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  // Collective: a duplicate of the world communicator. It, and what is split from it, notes its
  // collectives in `record`, if that is given.
  std::unique_ptr<Comm> world(FlightRecord* record = nullptr) const;
};

}  // namespace switchyard
