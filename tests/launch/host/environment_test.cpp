#include "launch/host/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace switchyard {
namespace environment_test {

// Sets variables for one test; empty: unset. Puts the old values back.
class Environment : public testing::Test {
 protected:
  void set(const std::string& name, const std::string& value) {
    const char* before = std::getenv(name.c_str());
    before_.try_emplace(name, before == nullptr ? "" : before);
    apply(name, value);
  }
  void leave_launchers() {
    for (const char* name :
         {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_LOCAL_SIZE",
          "SLURM_STEP_TASKS_PER_NODE", "SLURM_NTASKS_PER_NODE", "OMPI_MCA_mpi_yield_when_idle"}) {
      set(name, "");
    }
  }
  ~Environment() override {
    for (const auto& [name, value] : before_) apply(name, value);
  }

 private:
  static void apply(const std::string& name, const std::string& value) {
    value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
  }
  std::map<std::string, std::string> before_;
};

TEST_F(Environment, WithoutALauncherThereIsOneRank) {
  leave_launchers();
  EXPECT_EQ(launched_rank(), 0);
  EXPECT_EQ(launched_ranks_on_node(), 1);
}

TEST_F(Environment, MpirunWithinASlurmJobKnowsBest) {
  leave_launchers();
  set("SLURM_PROCID", "0");
  set("OMPI_COMM_WORLD_RANK", "3");
  EXPECT_EQ(launched_rank(), 3);
}

TEST_F(Environment, SlurmCountsTasksPerNodeInItsOwnWay) {
  leave_launchers();
  set("SLURM_STEP_TASKS_PER_NODE", "4(x2)");
  EXPECT_EQ(launched_ranks_on_node(), 4);
}

TEST_F(Environment, MoreRanksThanCoresYield) {
  leave_launchers();
  set("OMPI_COMM_WORLD_LOCAL_SIZE", "100000");
  prepare_mpi_environment();
  EXPECT_STREQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), "1");
}

TEST_F(Environment, OneRankDoesNotYield) {
  leave_launchers();
  prepare_mpi_environment();
  EXPECT_EQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), nullptr);
}

TEST_F(Environment, AYieldOfTheUsersStays) {
  leave_launchers();
  set("OMPI_COMM_WORLD_LOCAL_SIZE", "100000");
  set("OMPI_MCA_mpi_yield_when_idle", "0");
  prepare_mpi_environment();
  EXPECT_STREQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), "0");
}

TEST_F(Environment, TheSiteFileCanBeNamed) {
  set("SWITCHYARD_SITE", "/somewhere/site.toml");
  EXPECT_EQ(site_file(), "/somewhere/site.toml");
}

TEST_F(Environment, WithoutASiteFileThereIsNone) {
  set("SWITCHYARD_SITE", "");
  set("HOME", "/nowhere");
  EXPECT_FALSE(site_file().has_value());
}

}  // namespace environment_test
}  // namespace switchyard
