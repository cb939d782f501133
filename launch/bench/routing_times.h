// Times of a repeated collective, as each rank measures them.
#pragma once

#include <functional>
#include <vector>

#include "launch/bench/figures/routing_result.h"
#include "runtime/comm/comm.h"
#include "runtime/device/trace.h"

namespace switchyard::bench {

// Seconds of one rank in one iteration.
struct Lap {
  double seconds = 0.0, plan = 0.0, permute = 0.0, travel = 0.0;
};

// What an iteration does. Only `work` is on the clock.
struct LapSteps {
  std::function<void(int)> setup, work;
  std::function<void(int)> after = [](int) {};  // not in the warm-up
};

// Collective. Runs iteration 0 `warm_up` times without counting it, then the iterations from 0 on,
// with all ranks starting together. Returns the laps of all ranks: [ranks, iterations]. The parts
// are those that `trace` has, if any; a plan that setup makes counts as the lap's.
std::vector<Lap> run_laps(Comm& world, int warm_up, int iterations, Trace* trace,
                          const LapSteps& steps);

// Returns what each iteration took on its slowest rank. laps: [ranks, iterations].
std::vector<Iteration> slowest_of(const std::vector<Lap>& laps, int ranks);

// Appends the laps to the result, and adds them to its ranks' sums.
void add_laps(const std::vector<Lap>& laps, RoutingResult& result);

}  // namespace switchyard::bench
