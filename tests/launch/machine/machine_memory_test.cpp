#include "launch/machine/machine_memory.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/io/scratch.h"
#include "tests/launch/host/environment_fixture.h"

namespace switchyard {
namespace machine_memory_test {

class MachineMemory : public EnvironmentTest {
 protected:
  MachineMemory() {
    write("proc/meminfo", "MemTotal:       2000 kB\nMemAvailable:   1000 kB\nHugePages_Total: 0\n");
    write("proc/vmstat", "nr_free_pages 7\noom_kill 3\nnuma_hit 9\n");
  }
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = scratch_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  const Scratch scratch_;
};

TEST_F(MachineMemory, TheMachineLimitsItWhereNothingElseDoes) {
  set("SLURM_MEM_PER_NODE", "");
  set("SLURM_MEM_PER_CPU", "");
  const MemoryLeft left = memory_left(scratch_ / "");
  EXPECT_EQ(left.bytes, 1000 << 10);
  EXPECT_EQ(left.limit, "this machine");
  EXPECT_EQ(out_of_memory_kills(scratch_ / ""), 3);
  EXPECT_EQ(out_of_memory_kills(scratch_ / "nowhere"), 0);
}

TEST_F(MachineMemory, AControlGroupLimitsIt) {
  write("proc/self/cgroup", "0::/box\n");
  write("proc/self/mountinfo", "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n");
  write("cg/box/memory.max", "500000\n");
  write("cg/box/memory.current", "200000\n");
  const MemoryLeft left = memory_left(scratch_ / "");
  EXPECT_EQ(left.bytes, 300000);
  EXPECT_EQ(left.limit, "the control group " + (scratch_ / "cg/box").string());
}

TEST_F(MachineMemory, ASlurmJobLimitsIt) {
  write("proc/meminfo", "MemAvailable:   8000000 kB\n");
  set("SLURM_MEM_PER_NODE", "");
  set("SLURM_MEM_PER_CPU", "100");
  set("SLURM_CPUS_ON_NODE", "4");
  EXPECT_EQ(memory_left(scratch_ / "").bytes, 400 << 20);
  set("SLURM_MEM_PER_NODE", "300");
  EXPECT_EQ(memory_left(scratch_ / "").bytes, 300 << 20);
  EXPECT_EQ(memory_left(scratch_ / "").limit, "the Slurm job");
}

}  // namespace machine_memory_test
}  // namespace switchyard
