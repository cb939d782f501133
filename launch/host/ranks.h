// Runs a command on every rank: initialises MPI for it, and prints errors once.
#pragma once

#include <functional>
#include <memory>

#include "runtime/comm/comm.h"
#include "runtime/error.h"
#include "runtime/flight_record.h"

namespace switchyard {

// Initialises MPI, runs `body` with a communicator of all ranks, and returns the process's exit
// code. Rank 0 prints an agreed error, and every rank returns its code; any other error is printed
// with its rank and ends the whole job at once. `record` keeps track of the ranks' collectives.
int run_on_ranks(const std::function<Exit(std::unique_ptr<Comm> world)>& body,
                 FlightRecord* record = nullptr);

// Prints one line on stderr: "switchyard: ...".
void print_error(const std::string& message);
// Prints an error that every rank finds before MPI has started. Only the first rank prints; the
// others wait a second, since a launcher kills all ranks when the first one fails.
void print_error_of_all(const std::string& message);

}  // namespace switchyard
