#include "launch/host/launcher.h"

#include "tests/launch/host/environment_fixture.h"

namespace switchyard {
namespace launcher_test {

class Launcher : public EnvironmentTest {
 protected:
  void leave_launchers() {
    for (const char* name :
         {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_LOCAL_SIZE",
          "SLURM_STEP_TASKS_PER_NODE", "SLURM_NTASKS_PER_NODE", "OMPI_MCA_mpi_yield_when_idle"}) {
      set(name, "");
    }
  }
};

TEST_F(Launcher, WithoutALauncherThereIsOneRank) {
  leave_launchers();
  EXPECT_EQ(launched_rank(), 0);
  EXPECT_EQ(launched_ranks_on_node(), 1);
}

TEST_F(Launcher, MpirunWithinASlurmJobKnowsBest) {
  leave_launchers();
  set("SLURM_PROCID", "0");
  set("OMPI_COMM_WORLD_RANK", "3");
  EXPECT_EQ(launched_rank(), 3);
}

TEST_F(Launcher, SlurmCountsTasksPerNodeInItsOwnWay) {
  leave_launchers();
  set("SLURM_STEP_TASKS_PER_NODE", "4(x2)");
  EXPECT_EQ(launched_ranks_on_node(), 4);
}

TEST_F(Launcher, MoreRanksThanCoresYield) {
  leave_launchers();
  set("OMPI_COMM_WORLD_LOCAL_SIZE", "100000");
  prepare_mpi_environment();
  EXPECT_STREQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), "1");
}

TEST_F(Launcher, OneRankDoesNotYield) {
  leave_launchers();
  prepare_mpi_environment();
  EXPECT_EQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), nullptr);
}

TEST_F(Launcher, AYieldOfTheUsersStays) {
  leave_launchers();
  set("OMPI_COMM_WORLD_LOCAL_SIZE", "100000");
  set("OMPI_MCA_mpi_yield_when_idle", "0");
  prepare_mpi_environment();
  EXPECT_STREQ(std::getenv("OMPI_MCA_mpi_yield_when_idle"), "0");
}

}  // namespace launcher_test
}  // namespace switchyard
