#include "launch/supervise/local_ranks.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "launch/host/process.h"

namespace switchyard::supervise {
namespace local_ranks_test {

using namespace std::chrono_literals;

// A launcher whose ranks are `sleep`s.
class Launcher {
 public:
  explicit Launcher(const std::string& script) : pid_(start_program({"sh", "-c", script})) {}
  ~Launcher() {
    kill(-pid_, SIGKILL);
    while (wait_for_program(pid_) < 0) {
    }
  }
  bool misses_a_rank() const {
    return supervise::misses_a_rank(pid_, std::filesystem::canonical("/bin/sleep"));
  }
  // Its ranks take a moment to be there.
  bool comes_to_miss(bool wanted) const {
    for (int look = 0; look < 1000 && misses_a_rank() != wanted; ++look) {
      std::this_thread::sleep_for(10ms);
    }
    return misses_a_rank() == wanted;
  }

 private:
  const pid_t pid_;
};

constexpr const char* start = "export OMPI_COMM_WORLD_LOCAL_SIZE=2; sleep 60 & ";

TEST(MissesARank, OneOfTwoThatIsNotThere) {
  const Launcher launcher(std::string(start) + "wait");
  EXPECT_TRUE(launcher.comes_to_miss(true));
}

TEST(MissesARank, OneOfTwoThatWasKilled) {
  const Launcher launcher(std::string(start) + "sleep 60 & sleep 0.2; kill -9 $!; wait");
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(launcher.comes_to_miss(true));
}

TEST(MissesARank, NoneOfTwoThatAreThereHoweverDeep) {
  const Launcher launcher(std::string(start) + "sh -c 'sleep 60 & wait' & wait");
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(launcher.comes_to_miss(false));
}

TEST(MissesARank, NoneWhereNobodySaidHowMany) {
  const Launcher launcher("unset OMPI_COMM_WORLD_LOCAL_SIZE; sleep 60 & wait");
  std::this_thread::sleep_for(200ms);
  EXPECT_FALSE(launcher.misses_a_rank());
}

}  // namespace local_ranks_test
}  // namespace switchyard::supervise
