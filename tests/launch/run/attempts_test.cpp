#include "launch/run/attempts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "launch/run/lease.h"
#include "runtime/error.h"

namespace switchyard {
namespace attempts_test {

namespace fs = std::filesystem;

class Attempts : public testing::Test {
 protected:
  Attempts() : run_(fs::path(testing::TempDir()) / ("attempts-" + std::to_string(getpid()))) {
    fs::remove_all(run_);
  }
  ~Attempts() override { fs::remove_all(run_); }

  fs::path run_;
};

TEST_F(Attempts, NumbersCountUp) {
  EXPECT_EQ(take_attempt(run_, "").number, 1);
  EXPECT_EQ(take_attempt(run_, "step-00000010-a0001").number, 2);
  EXPECT_EQ(newest_attempt(run_)->resumed_from, "step-00000010-a0001");
}

TEST_F(Attempts, AFreshRunHasNone) { EXPECT_FALSE(newest_attempt(run_).has_value()); }

TEST_F(Attempts, ThisProcessIsAlive) {
  take_attempt(run_, "");
  EXPECT_TRUE(is_alive(run_, *newest_attempt(run_)));
}

TEST_F(Attempts, ALiveOwnerIsBusy) {
  take_attempt(run_, "");
  try {
    wait_for_owner(run_, std::chrono::seconds{0});
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::busy);
    EXPECT_THAT(error.what(), testing::HasSubstr(std::to_string(getpid())));
  }
}

TEST_F(Attempts, AnOwnerThatDiesIsWaitedFor) {
  const pid_t child = fork();
  if (child == 0) {
    take_attempt(run_, "");
    usleep(500'000);
    _exit(0);
  }
  while (!newest_attempt(run_)) usleep(10'000);
  wait_for_owner(run_, std::chrono::seconds{15});
  EXPECT_FALSE(is_alive(run_, *newest_attempt(run_)));
  waitpid(child, nullptr, 0);  // until here it was dead, but not waited for
}

TEST_F(Attempts, APidThatIsUsedAgainIsNotTheOwner) {
  Attempt attempt = this_process(1, "");
  attempt.process_start += 1;
  EXPECT_FALSE(is_alive(run_, attempt));
}

TEST_F(Attempts, AnOwnerBeforeARestartIsDead) {
  Attempt attempt = this_process(1, "");
  attempt.boot_id = "another";
  EXPECT_FALSE(is_alive(run_, attempt));
}

TEST_F(Attempts, AnOwnerElsewhereLivesByItsLease) {
  take_attempt(run_, "");
  Attempt attempt = this_process(1, "");
  attempt.host = "elsewhere";
  EXPECT_FALSE(is_alive(run_, attempt));
  const fs::path file = run_ / "attempts" / "0001.lease";
  {
    const Lease lease(run_, 1);
    while (!fs::exists(file)) usleep(10'000);
    EXPECT_TRUE(is_alive(run_, attempt));
  }
  EXPECT_FALSE(is_alive(run_, attempt));  // it ended in order
  std::ofstream(file) << "alive\n";
  EXPECT_TRUE(is_alive(run_, attempt));
  fs::last_write_time(file, fs::last_write_time(file) - lease_time - std::chrono::seconds{1});
  EXPECT_FALSE(is_alive(run_, attempt));
}

TEST_F(Attempts, AnOwnerInAnotherContainerOfThisHostLivesByItsLease) {
  take_attempt(run_, "");
  Attempt attempt = this_process(1, "");
  attempt.pid_namespace = "pid:[1]";
  attempt.process_start += 1;  // what that pid is here says nothing
  EXPECT_FALSE(is_alive(run_, attempt));
  const Lease lease(run_, 1);
  while (!fs::exists(run_ / "attempts" / "0001.lease")) usleep(10'000);
  EXPECT_TRUE(is_alive(run_, attempt));
  EXPECT_TRUE(is_alive(run_, attempt, ClockOf::this_machine));
}

// Without this the start would wait until the owner ends, and then take over.
TEST_F(Attempts, AFreshLeaseElsewhereIsNotWaitedFor) {
  take_attempt(run_, "");
  const fs::path record = run_ / "attempts" / "0001.json";
  nlohmann::json json = nlohmann::json::parse(std::ifstream(record));
  json["host"] = "elsewhere";
  std::ofstream(record) << json;
  std::optional<Lease> lease(std::in_place, run_, 1);
  while (!fs::exists(run_ / "attempts" / "0001.lease")) usleep(10'000);
  std::thread owner([&] {
    std::this_thread::sleep_for(std::chrono::seconds{10});
    lease.reset();
  });
  EXPECT_THROW(wait_for_owner(run_, std::chrono::seconds{30}), Error);
  owner.join();
}

// Machines that nobody named have one name.
TEST_F(Attempts, AnOwnerOnAnotherHostOfThisNameLivesByItsLease) {
  take_attempt(run_, "");
  Attempt attempt = this_process(1, "");
  attempt.boot_id = "another";
  const Lease lease(run_, 1);
  while (!fs::exists(run_ / "attempts" / "0001.lease")) usleep(10'000);
  EXPECT_TRUE(is_alive(run_, attempt));
}

TEST_F(Attempts, RecordsWithoutANamespaceAreOfThisHost) {
  Attempt attempt = this_process(1, "");
  attempt.pid_namespace = "";
  EXPECT_TRUE(is_alive(run_, attempt));
  attempt.process_start += 1;
  EXPECT_FALSE(is_alive(run_, attempt));
}

TEST_F(Attempts, ATornRecordIsANumberWithoutAnOwner) {
  take_attempt(run_, "");
  std::ofstream(run_ / "attempts" / "0002.json") << "{\"numb";
  EXPECT_EQ(newest_attempt(run_)->number, 2);
  EXPECT_FALSE(is_alive(run_, *newest_attempt(run_)));
  EXPECT_EQ(take_attempt(run_, "").number, 3);
}

}  // namespace attempts_test
}  // namespace switchyard
