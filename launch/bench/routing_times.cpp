#include "launch/bench/routing_times.h"

#include <algorithm>
#include <chrono>

namespace switchyard::bench {
namespace {

double part_of(const Trace* trace, std::string_view part) {
  if (trace == nullptr) return 0.0;
  const auto found = trace->seconds().find(part);
  return found == trace->seconds().end() ? 0.0 : found->second;
}

void clear(Trace* trace) {
  if (trace != nullptr) trace->clear();
}

std::vector<Lap> of_all_ranks(Comm& world, const std::vector<Lap>& mine) {
  static_assert(sizeof(Lap) == 4 * sizeof(double));
  std::vector<Lap> all(mine.size() * static_cast<std::size_t>(world.size()));
  Stream stream = Stream::cpu(1);
  const auto numbers = [](const std::vector<Lap>& laps) {
    return tensor_of(reinterpret_cast<const double*>(laps.data()), {4 * std::ssize(laps)});
  };
  world.all_gather(numbers(mine), numbers(all), stream);
  return all;
}

}  // namespace

std::vector<Lap> run_laps(Comm& world, int warm_up, int iterations, Trace* trace,
                          const LapSteps& steps) {
  std::vector<Lap> laps;
  for (int i = -warm_up; i < iterations; ++i) {
    const int drawn = std::max(0, i);
    Lap lap;
    clear(trace);
    steps.setup(drawn);
    lap.plan = part_of(trace, "plan");
    clear(trace);
    world.barrier();
    const auto start = std::chrono::steady_clock::now();
    steps.work(drawn);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    lap.seconds = spent.count();
    lap.plan += part_of(trace, "plan");
    lap.permute = part_of(trace, "permute");
    lap.travel = part_of(trace, "exchange");
    if (i < 0) continue;
    laps.push_back(lap);
    steps.after(drawn);
  }
  return of_all_ranks(world, laps);
}

std::vector<Iteration> slowest_of(const std::vector<Lap>& laps, int ranks) {
  const std::size_t count = laps.size() / static_cast<std::size_t>(ranks);
  std::vector<Iteration> iterations(count);
  for (std::size_t at = 0; at < laps.size(); ++at) {
    Iteration& slowest = iterations[at % count];
    const Lap& lap = laps[at];
    if (lap.seconds > slowest.seconds)
      slowest = {lap.seconds, lap.plan, lap.permute, lap.travel, {}};
  }
  return iterations;
}

void add_laps(const std::vector<Lap>& laps, RoutingResult& result) {
  result.iterations = slowest_of(laps, result.ranks);
  const std::size_t count = result.iterations.size();
  for (std::size_t at = 0; at < laps.size(); ++at)
    result.of_ranks[at / count].seconds += laps[at].seconds;
}

}  // namespace switchyard::bench
