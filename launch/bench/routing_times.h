// Times of a repeated collective, as ranks see them.
#pragma once

#include <functional>
#include <vector>

#include "launch/bench/routing_case.h"
#include "runtime/comm/comm.h"
#include "runtime/device/trace.h"

namespace switchyard::bench {

struct RankTimes {
  double least = 0, middle = 0, most = 0;  // over ranks, of each rank's middle iteration; seconds
  int slowest = 0;
  double noise = 0;  // of the slowest rank of each iteration: the middle half over the middle
};

// Collective. work(i) for i < iterations, every rank starting together, after warm_up times
// work(0), which are not counted. The clock of iteration i starts after setup(i).
RankTimes time_on_ranks(Comm& world, int warm_up, int iterations,
                        const std::function<void(int)>& setup,
                        const std::function<void(int)>& work);

// Collective. From each rank's seconds, iteration by iteration.
RankTimes summarize(Comm& world, const std::vector<double>& seconds);

// Collective. Puts the times into `result`, and what the slowest rank spent waiting for rows: the
// middle of its iterations' `travel`, of which the first are warm-up.
void take_times(const RankTimes& times, std::vector<double> travel, int warm_up, Comm& world,
                RoutingResult& result);

// Seconds that the stream's trace spent waiting for rows.
double travel_in(const Trace& trace);

double middle_of(std::vector<double> values);

}  // namespace switchyard::bench
