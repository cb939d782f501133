// Neighbours: the ranks of this node seen from outside, by their flight records and by what the
// system says of their processes. A rank that is stopped or dead cannot tell of itself.
#pragma once

#include <string>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"

namespace switchyard {

class Neighbours {
 public:
  // Collective. record: this rank's, made by make_shared_record.
  Neighbours(Comm& world, const FlightRecord& record);

  // Where rank `suspect` of the world is at this moment, in two lines; empty if it is not this
  // rank's to tell. One rank of its node tells: the lowest other one, or itself if it is alone.
  std::string account_of(int suspect) const;

 private:
  struct Neighbour {
    int rank = 0;  // in the world
    pid_t process = 0;
    RecordView record;  // null: it cannot be seen from here
  };

  int rank_;
  std::vector<Neighbour> neighbours_;  // this rank included, by rank
};

}  // namespace switchyard
