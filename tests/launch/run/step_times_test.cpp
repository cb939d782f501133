#include "launch/run/step_times.h"

#include <gtest/gtest.h>

#include "tests/rank_test.h"

namespace switchyard {
namespace step_times_test {

void spend(double seconds, std::string_view part, Stream& stream) {
  using Clock = Trace::Clock;
  const Clock::time_point begin{};
  const std::chrono::duration<double> taken(seconds);
  stream.trace()->add({part, begin, begin + std::chrono::duration_cast<Clock::duration>(taken)}, 0);
}

TEST(StepTimes, BusyIsWhatIsNotWaitedAndTheBusiestRankIsNamed) {
  Comm& world = test_world();
  Stream stream = Stream::cpu(1);
  FlightRecord record;
  record.waited = 5'000'000'000;  // of earlier steps
  StepClock clock(stream, record);
  clock.begin();
  record.waited += 1'000'000'000LL * (world.size() - world.rank());  // the last rank waits least
  const StepTimes times = clock.end(10.0, 2.0, world);
  EXPECT_DOUBLE_EQ(times.busy_most, 9.0);
  EXPECT_DOUBLE_EQ(times.busy_least, 10.0 - world.size());
  EXPECT_EQ(times.busiest_rank, world.size() - 1);
  EXPECT_DOUBLE_EQ(times.joules, 2.0 * world.size());
}

TEST(StepTimes, PartsAreMeansOverRanksOfThisStep) {
  Comm& world = test_world();
  Stream stream = Stream::cpu(1);
  const FlightRecord record;
  StepClock clock(stream, record);
  spend(100.0, "gate", stream);  // of the step before
  clock.begin();
  if (world.rank() == 0) spend(3.0 * world.size(), "experts", stream);
  const StepTimes times = clock.end(10.0, 2.0, world);
  EXPECT_DOUBLE_EQ(times.of("experts"), 3.0);
  EXPECT_EQ(times.parts.size(), 1U);
}

}  // namespace step_times_test
}  // namespace switchyard
