// Times of a repeated collective, as each rank measures them.
#pragma once

#include <functional>
#include <vector>

#include "launch/bench/routing_case.h"
#include "runtime/comm/comm.h"
#include "runtime/device/trace.h"

namespace switchyard::bench {

struct RankTimes {
  double least = 0, middle = 0, most = 0;  // over ranks, of each rank's median iteration; seconds
  int slowest = 0;
  double noise = 0;  // of the slowest rank of each iteration: interquartile range over median
};

// Collective. Runs work(0) warm_up times without counting it, then work(i) for i < iterations, with
// all ranks starting together. The clock of iteration i starts after setup(i).
RankTimes time_on_ranks(Comm& world, int warm_up, int iterations,
                        const std::function<void(int)>& setup,
                        const std::function<void(int)>& work);

// Collective. Summarizes the seconds of this rank's iterations over all ranks.
RankTimes summarize(Comm& world, const std::vector<double>& seconds);

// Collective. Puts the times into `result`, and the time that the slowest rank waited for rows: the
// median of its iterations' `travel`, of which the first `warm_up` do not count.
void take_times(const RankTimes& times, std::vector<double> travel, int warm_up, Comm& world,
                RoutingResult& result);

// Returns the seconds that, by the stream's trace, were spent waiting for rows.
double travel_in(const Trace& trace);

double middle_of(std::vector<double> values);

}  // namespace switchyard::bench
