#include "launch/machine/gpu_place.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "launch/machine/machine.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace gpu_place_test {

void write(const std::filesystem::path& folder, const char* name, const std::string& text) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name) << text << "\n";
}

TEST(GpuPlace, IsWhatTheKernelSaysOfThePciDevice) {
  const Scratch scratch;
  write(scratch / "0000:3b:00.0", "numa_node", "1");
  write(scratch / "0000:5e:00.0", "numa_node", "-1");  // a machine with one node
  EXPECT_EQ(gpu_text(2, gpu_place("0000:3B:00.0", scratch / "")),
            "GPU 2 of its node (0000:3b:00.0, NUMA node 1)");
  EXPECT_EQ(gpu_place("0000:5E:00.0", scratch / "").numa_node, -1);
  EXPECT_EQ(gpu_place("0000:FF:00.0", scratch / "").numa_node, -1);
}

// The first core this process may use, as the list of a node.
std::string first_core() { return std::to_string(allowed_cores().mask.find('1')); }

TEST(GpuPlace, ARankStaysOnItsCoresBesideTheGpu) {
  const Scratch scratch;
  write(scratch / "node1", "cpulist", first_core());
  std::thread([&] {
    stay_beside({"0000:3b:00.0", 1}, scratch / "");
    EXPECT_EQ(allowed_cores().count, 1);
    EXPECT_EQ(std::to_string(allowed_cores().mask.find('1')), first_core());
  }).join();
}

TEST(GpuPlace, ARankWithNoCoreThereKeepsItsOwn) {
  const Scratch scratch;
  write(scratch / "node1", "cpulist", "1020-1023");
  const int before = allowed_cores().count;
  std::thread([&] {
    stay_beside({"0000:3b:00.0", 1}, scratch / "");
    stay_beside({"0000:3b:00.0", -1}, scratch / "");
    EXPECT_EQ(allowed_cores().count, before);
  }).join();
}

}  // namespace gpu_place_test
}  // namespace switchyard
