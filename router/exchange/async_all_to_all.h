// Courier: carries parcels beside the work of a stream, so that experts compute while rows travel.
#pragma once

#include <functional>
#include <memory>

#include "router/exchange/parcel.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Waits for a parcel: what is queued on the stream afterwards finds its rows.
using Arrival = std::function<void(Stream& stream)>;

class Courier {
 public:
  virtual ~Courier() = default;
  Courier() = default;
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Collective: every rank sends its parcels in one order, in which they travel. The parcel leaves
  // after the work that is queued on `stream` so far. Its memory is the caller's, who waits for all
  // arrivals.
  virtual Arrival send(const Parcel& parcel, Stream& stream) = 0;
};

// Collective over `experts`. On a CPU a thread of its own moves the rows, on a GPU a stream.
std::unique_ptr<Courier> make_courier(Device device, Comm& experts);

}  // namespace switchyard
