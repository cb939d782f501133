// A command that runs on every rank: MPI for its life, and one message for what goes wrong.
#pragma once

#include <functional>
#include <memory>

#include "runtime/comm/comm.h"
#include "runtime/error.h"
#include "runtime/flight_record.h"

namespace switchyard {

// Initialises MPI, runs `body` with a communicator of all ranks, and returns the process's exit
// code. An agreed error is printed by rank 0, and every rank returns its code; any other error
// prints its rank and ends the whole job at once. The ranks' collectives are noted in `record`.
int run_on_ranks(const std::function<Exit(std::unique_ptr<Comm> world)>& body,
                 FlightRecord* record = nullptr);

// One line on stderr: "switchyard: ...".
void print_error(const std::string& message);
// What every rank finds before MPI has started: the first one speaks, and the others give it the
// time, since a launcher ends all ranks with the first that fails.
void print_error_of_all(const std::string& message);

}  // namespace switchyard
