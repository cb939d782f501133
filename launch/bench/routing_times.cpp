#include "launch/bench/routing_times.h"

#include <algorithm>
#include <chrono>

namespace switchyard::bench {

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

RankTimes summarize(Comm& world, const std::vector<double>& seconds) {
  const std::size_t count = seconds.size(), ranks = static_cast<std::size_t>(world.size());
  std::vector<double> all(count * ranks);
  Stream stream = Stream::cpu(1);
  world.all_gather(tensor_of(seconds.data(), {std::ssize(seconds)}),
                   tensor_of(all.data(), {std::ssize(all)}), stream);
  std::vector<double> of_rank, slowest(count, 0.0);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(rank * count);
    of_rank.push_back(middle_of({begin, begin + static_cast<std::ptrdiff_t>(count)}));
    for (std::size_t i = 0; i < count; ++i)
      slowest[i] = std::max(slowest[i], all[rank * count + i]);
  }
  std::sort(slowest.begin(), slowest.end());
  const auto most = std::max_element(of_rank.begin(), of_rank.end());
  return {.least = *std::min_element(of_rank.begin(), of_rank.end()),
          .middle = middle_of(of_rank),
          .most = *most,
          .slowest = static_cast<int>(most - of_rank.begin()),
          .noise = (slowest[count * 3 / 4] - slowest[count / 4]) / slowest[count / 2]};
}

void take_times(const RankTimes& times, std::vector<double> travel, int warm_up, Comm& world,
                RoutingResult& result) {
  result.least = times.least;
  result.middle = times.middle;
  result.most = times.most;
  result.slowest = times.slowest;
  result.noise = times.noise;
  if (std::ssize(travel) <= warm_up) return;
  result.travel = middle_of({travel.begin() + warm_up, travel.end()});
  Stream stream = Stream::cpu(1);
  world.broadcast(tensor_of(&result.travel, {1}), times.slowest, stream);
}

double travel_in(const Trace& trace) {
  const auto found = trace.seconds().find("exchange");
  return found == trace.seconds().end() ? 0.0 : found->second;
}

RankTimes time_on_ranks(Comm& world, int warm_up, int iterations,
                        const std::function<void(int)>& setup,
                        const std::function<void(int)>& work) {
  std::vector<double> seconds;
  for (int i = -warm_up; i < iterations; ++i) {
    const int drawn = std::max(0, i);
    setup(drawn);
    world.barrier();
    const auto start = std::chrono::steady_clock::now();
    work(drawn);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    if (i >= 0) seconds.push_back(spent.count());
  }
  return summarize(world, seconds);
}

}  // namespace switchyard::bench
