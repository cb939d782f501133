// Measures the cases of a tuning.
#pragma once

#include <vector>

#include "launch/bench/bench_ranks.h"
#include "launch/bench/tune/tune_cases.h"
#include "runtime/device/stream.h"

namespace switchyard::bench {

// Which quantile of the iterations is a case's time: other load on a machine delays most iterations
// of two ranks that wait for each other, but seldom all.
inline constexpr double undisturbed = 0.05;

// Collective. Seconds of a few iterations of a case, each on its slowest rank. Errors: agreed;
// Exit::internal if a first, small round trip moves a wrong row.
std::vector<double> measure_case(const RoutingCase& what, const RoutingSweep& sweep, bool check,
                                 BenchRanks& ranks, Stream& stream);

// Collective. Times of an exchange of `row_bytes` bytes from each rank to each other: by
// MPI_Alltoallv or what the device has for it, and by pairs of messages.
struct MessageSeconds {
  double collective = 0.0, pairs = 0.0;
};
MessageSeconds measure_messages(std::int64_t row_bytes, BenchRanks& ranks, Stream& stream);

}  // namespace switchyard::bench
