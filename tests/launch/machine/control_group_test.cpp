#include "launch/machine/control_group.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/io/scratch.h"

namespace switchyard {
namespace control_group_test {

// A made-up system, in a scratch folder.
class ControlGroup : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = scratch_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void second_version(const std::string& own, const std::string& top = "/") {
    write("proc/self/cgroup", "0::" + own + "\n");
    write("proc/self/mountinfo", "24 1 0:22 / /proc rw - proc proc rw\n31 23 0:28 " + top +
                                     " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }
  GroupLimits limits() const { return group_limits(scratch_ / ""); }
  const Scratch scratch_;
};

TEST_F(ControlGroup, NothingIsLimitedWhereNothingIsSaid) {
  EXPECT_FALSE(limits().cpus);
  EXPECT_FALSE(limits().memory_left);
  second_version("/job");
  write("sys/fs/cgroup/job/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/job/memory.max", "max\n");
  write("sys/fs/cgroup/job/memory.current", "5\n");
  EXPECT_FALSE(limits().cpus);
  EXPECT_FALSE(limits().memory_left);
}

TEST_F(ControlGroup, TheTightestGroupCounts) {
  second_version("/job/step/task");
  write("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/job/step/task/cpu.max", "400000 100000\n");
  write("sys/fs/cgroup/job/memory.max", "4000\n");
  write("sys/fs/cgroup/job/memory.current", "1000\n");
  write("sys/fs/cgroup/job/step/task/memory.max", "10000\n");
  write("sys/fs/cgroup/job/step/task/memory.current", "100\n");
  EXPECT_EQ(limits().cpus, 1.5);
  EXPECT_EQ(limits().cpus_from, (scratch_ / "sys/fs/cgroup/job").string());
  EXPECT_EQ(limits().memory_left, 3000);
}

TEST_F(ControlGroup, CachedFilesAreFreeMemory) {
  second_version("/");
  write("sys/fs/cgroup/memory.max", "4000\n");
  write("sys/fs/cgroup/memory.current", "3500\n");
  write("sys/fs/cgroup/memory.stat", "anon 500\nfile 3000\ninactive_file 2000\nactive_file 900\n");
  EXPECT_EQ(limits().memory_left, 3400);
}

// A container without a namespace for its groups is named by the path that the host uses.
TEST_F(ControlGroup, AContainerSeesItsGroupAsTheTop) {
  second_version("/docker/abc/inner", "/docker/abc");
  write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  write("sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
  EXPECT_EQ(limits().cpus, 1.0);
  second_version("/../elsewhere");
  EXPECT_EQ(limits().cpus, 2.0);
}

TEST_F(ControlGroup, TheFirstVersionHasAHierarchyForEachController) {
  write("proc/self/cgroup", "4:memory:/m\n1:cpu,cpuacct:/c\n0::/\n");
  write("proc/self/mountinfo",
        "32 31 0:29 / /cg/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
        "33 31 0:32 / /cg/memory rw,relatime - cgroup cgroup rw,memory\n"
        "34 31 0:38 / /cg/unified rw,relatime - cgroup2 cgroup2 rw\n");
  write("cg/cpu/c/cpu.cfs_quota_us", "50000\n");
  write("cg/cpu/c/cpu.cfs_period_us", "100000\n");
  write("cg/cpu/cpu.cfs_quota_us", "-1\n");
  write("cg/cpu/cpu.cfs_period_us", "100000\n");
  write("cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("cg/memory/memory.usage_in_bytes", "12\n");
  write("cg/memory/m/memory.limit_in_bytes", "1000\n");
  write("cg/memory/m/memory.usage_in_bytes", "900\n");
  write("cg/memory/m/memory.stat",
        "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 0\n");
  EXPECT_EQ(limits().cpus, 0.5);
  EXPECT_EQ(limits().memory_left, 400);
}

}  // namespace control_group_test
}  // namespace switchyard
