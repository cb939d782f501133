// Streams the units of tensor plans: a thread reads ahead while the caller computes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "io/transform/engine.h"

namespace switchyard {

// A unit that was read.
struct ReadUnit {
  const TensorPart* part = nullptr;
  Unit unit;
  // The bytes of a part that is copied as it is; then the unit has no inputs.
  std::span<const std::byte> bytes;
  std::size_t pass = 0;              // in the list of passes
  bool first = false, last = false;  // of its pass
};

class UnitStream {
 public:
  // Each pass goes over all units of its plan. A tensor of one unit is read once for passes that
  // follow each other. The caller keeps what the plans are and the sources.
  UnitStream(const std::vector<const TensorPlan*>& passes, ModelSources sources);
  ~UnitStream();
  UnitStream(const UnitStream&) = delete;
  UnitStream& operator=(const UnitStream&) = delete;

  // The next unit, in order, or null after the last; valid until the next call. Errors: of reading.
  const ReadUnit* next();

 private:
  struct Place;
  struct Window;
  struct Slot;

  void read_all();
  bool wait_for_slot(std::size_t place);
  void publish(std::size_t place, std::exception_ptr error);

  ModelSources sources_;
  std::vector<Place> places_;
  std::vector<Slot> slots_;
  std::size_t at_ = 0;        // the place that next() gives
  std::size_t repeated_ = 0;  // how often it was given

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t num_read_ = 0, num_used_ = 0;  // places
  std::exception_ptr error_;
  bool stopped_ = false;
  std::thread reader_;
};

}  // namespace switchyard
