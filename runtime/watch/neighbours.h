// Neighbours: the ranks of this node seen from outside, through their flight records and /proc. A
// rank that is stopped or dead cannot report.
#pragma once

#include <string>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/flight_record.h"

namespace switchyard {

class Neighbours {
 public:
  // Collective. record: this rank's record, made by make_shared_record.
  Neighbours(Comm& world, const FlightRecord& record);

  // Describes in two lines where rank `suspect` of the world is at this moment. Exactly one rank of
  // the suspect's node does so: the lowest other one, or the suspect itself if it is alone. On all
  // other ranks the text is empty.
  std::string account_of(int suspect) const;

 private:
  struct Neighbour {
    int rank = 0;  // in the world
    pid_t process = 0;
    RecordView record;  // null: this rank cannot map it
  };

  int rank_;
  std::vector<Neighbour> neighbours_;  // this rank included, by rank
};

}  // namespace switchyard
