// MPI behind the Comm interface. Nothing outside mpi_comm.cpp names an MPI function.
#pragma once

#include <memory>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"

namespace switchyard {

// MPI while the object lives: initialised with MPI_THREAD_MULTIPLE, finalised by the destructor.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  // Collective. Returns a duplicate of the world communicator. This communicator and all that are
  // split from it note their collectives in `record`, if there is one.
  std::unique_ptr<Comm> world(FlightRecord* record = nullptr) const;
};

}  // namespace switchyard
