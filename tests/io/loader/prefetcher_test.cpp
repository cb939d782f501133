#include "io/loader/prefetcher.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <semaphore>

#include "tests/io/scratch.h"

namespace switchyard {
namespace prefetcher_test {

using namespace std::chrono_literals;
using Job = Prefetcher::Job;

Job step(std::int64_t number) { return {Job::Kind::step, number}; }

// Counts what is filled, and lets `fill` be held up.
struct Desk {
  std::array<Job, 2> sets;
  std::atomic<int> num_filled{0};
  std::function<void(Job)> during = [](Job) {};
  std::binary_semaphore released{0};  // ends what hangs
  std::latch left{1};

  void hang() {
    released.acquire();
    left.count_down();
  }
};

Prefetcher prefetcher(const std::shared_ptr<Desk>& desk, std::chrono::milliseconds timeout = 60s) {
  return {{[desk](Job job, int set) {
             desk->during(job);
             desk->sets.at(static_cast<std::size_t>(set)) = job;
             ++desk->num_filled;
           },
           [] { return std::string("reading shard.h5"); }},
          timeout};
}

void wait_for_count(const Desk& desk, int count) {
  while (desk.num_filled < count) std::this_thread::sleep_for(1ms);
}

TEST(Prefetcher, GivesTheSetOfTheJob) {
  const auto desk = std::make_shared<Desk>();
  Prefetcher fetch = prefetcher(desk);
  for (const std::int64_t number : {0, 1, 2, 7, 3, 3}) {
    const int set = fetch.get(step(number), step(number + 1));
    EXPECT_EQ(desk->sets.at(static_cast<std::size_t>(set)), step(number));
  }
}

TEST(Prefetcher, FillsTheNextJobOnceAndAhead) {
  const auto desk = std::make_shared<Desk>();
  Prefetcher fetch = prefetcher(desk);
  fetch.get(step(0), step(1));
  wait_for_count(*desk, 2);
  fetch.get(step(1), std::nullopt);
  EXPECT_EQ(desk->num_filled, 2);
}

TEST(Prefetcher, LeavesTheSetInUseAlone) {
  const auto desk = std::make_shared<Desk>();
  Prefetcher fetch = prefetcher(desk);
  const int set = fetch.get(step(0), step(1));
  wait_for_count(*desk, 2);
  EXPECT_EQ(desk->sets.at(static_cast<std::size_t>(set)), step(0));
}

TEST(Prefetcher, ErrorBelongsToTheJobThatMadeIt) {
  const auto desk = std::make_shared<Desk>();
  desk->during = [](Job job) { require(job.number != 1, Exit::data, "step 1 is damaged"); };
  Prefetcher fetch = prefetcher(desk);
  fetch.get(step(0), step(1));
  EXPECT_EQ(thrown_by([&] { fetch.get(step(1), step(2)); }).message, "step 1 is damaged");
  EXPECT_EQ(thrown_by([&] { fetch.get(step(1), step(2)); }).message, "step 1 is damaged");
  fetch.get(step(2), std::nullopt);
}

TEST(Prefetcher, ErrorOfAJobNobodyAsksForIsForgotten) {
  const auto desk = std::make_shared<Desk>();
  desk->during = [](Job job) { require(job.number != 1, Exit::data, "step 1 is damaged"); };
  Prefetcher fetch = prefetcher(desk);
  fetch.get(step(0), step(1));
  fetch.get(step(5), std::nullopt);
}

// D9: a read that hangs is a named error within the time-out, and nobody waits for it.
TEST(Prefetcher, HangingReadIsANamedStorageError) {
  const auto desk = std::make_shared<Desk>();
  desk->during = [&desk = *desk](Job) { desk.hang(); };
  {
    Prefetcher fetch = prefetcher(desk, 50ms);
    const Thrown thrown = thrown_by([&] { fetch.get(step(0), std::nullopt); });
    EXPECT_EQ(thrown.code, Exit::storage);
    EXPECT_NE(thrown.message.find("reading shard.h5"), std::string::npos) << thrown.message;
  }
  desk->released.release();
  desk->left.wait();
}

TEST(Prefetcher, EndsWhileAReadHangs) {
  const auto desk = std::make_shared<Desk>();
  desk->during = [&desk = *desk](Job job) {
    if (job.number == 1) desk.hang();
  };
  {
    Prefetcher fetch = prefetcher(desk, 50ms);
    fetch.get(step(0), step(1));
  }
  desk->released.release();
  desk->left.wait();
}

}  // namespace prefetcher_test
}  // namespace switchyard
