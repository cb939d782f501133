// AsyncAllToAll: exchanges packed rows beside the work of a stream, so that experts compute while
// rows travel.
#pragma once

#include <functional>
#include <memory>

#include "router/exchange/packed_rows.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Waits for an exchange to end: work queued on the stream afterwards finds the rows.
using Arrival = std::function<void(Stream& stream)>;

class AsyncAllToAll {
 public:
  virtual ~AsyncAllToAll() = default;
  AsyncAllToAll() = default;
  AsyncAllToAll(const AsyncAllToAll&) = delete;
  AsyncAllToAll& operator=(const AsyncAllToAll&) = delete;

  // Collective: all ranks start their exchanges in one order, in which they run. The rows leave
  // after the work queued on `stream` so far. The caller owns their memory and waits for all
  // arrivals.
  virtual Arrival start(const PackedRows& packed, Stream& stream) = 0;
};

// Collective over `experts`. On a CPU a separate thread moves the rows, on a GPU a stream.
std::unique_ptr<AsyncAllToAll> make_async_all_to_all(Device device, Comm& experts);

}  // namespace switchyard
