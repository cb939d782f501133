#include "launch/run/step_times.h"

#include <algorithm>
#include <array>

namespace switchyard {
namespace {

constexpr std::array part_names = {"attention", "gate", "plan",      "permute", "exchange",
                                   "experts",   "ffn",  "head",      "guests",  "copies",
                                   "reduce",    "clip", "optimizer", "gather"};

}  // namespace

double StepTimes::of(const std::string& part) const {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const auto& each) { return each.first == part; });
  return found == parts.end() ? 0.0 : found->second;
}

StepClock::StepClock(Stream& stream, const FlightRecord& record)
    : stream_(stream), record_(record), trace_(&record.waited) {
  stream_.set_trace(&trace_);
}

void StepClock::begin() {
  trace_.clear();
  waited_ = record_.waited;
}

StepTimes StepClock::end(double seconds, double joules, Comm& world) {
  std::array<double, part_names.size() + 2> mine{};
  mine[0] = std::max(0.0, seconds - 1e-9 * static_cast<double>(record_.waited - waited_));
  for (std::size_t i = 0; i < part_names.size(); ++i) {
    const auto found = trace_.seconds().find(part_names[i]);
    if (found != trace_.seconds().end()) mine[i + 1] = found->second;
  }
  mine.back() = joules;
  const auto ranks = static_cast<std::size_t>(world.size());
  std::vector<double> all(ranks * mine.size());
  world.all_gather(tensor_of(mine.data(), {std::ssize(mine)}),
                   tensor_of(all.data(), {std::ssize(all)}), stream_);

  StepTimes times;
  std::vector<double> busy(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    busy[rank] = all[rank * mine.size()];
    times.joules += all[(rank + 1) * mine.size() - 1];
  }
  times.busiest_rank = static_cast<int>(std::max_element(busy.begin(), busy.end()) - busy.begin());
  std::sort(busy.begin(), busy.end());
  times.busy_least = busy.front();
  times.busy_median = busy[busy.size() / 2];
  times.busy_most = busy.back();
  for (std::size_t i = 0; i < part_names.size(); ++i) {
    double sum = 0.0;
    for (std::size_t rank = 0; rank < ranks; ++rank) sum += all[rank * mine.size() + i + 1];
    if (sum > 0.0) times.parts.emplace_back(part_names[i], sum / static_cast<double>(ranks));
  }
  return times;
}

}  // namespace switchyard
