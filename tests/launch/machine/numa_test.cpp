#include "launch/machine/numa.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>

#include "launch/machine/machine.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace numa_test {

TEST(Numa, NodesAreThoseOfTheCores) {
  const Scratch scratch;
  for (const auto& [node, cores] : {std::pair("node0", "0-3,8-11"), std::pair("node1", "4-7,12-15"),
                                    std::pair("node10", "16")}) {
    std::filesystem::create_directory(scratch / node);
    std::ofstream(scratch / node / "cpulist") << cores << "\n";
  }
  std::filesystem::create_directory(scratch / "power");
  EXPECT_EQ(numa_nodes_of("1111", scratch / ""), (std::vector<int>{0}));
  EXPECT_EQ(numa_nodes_of("0000000000001", scratch / ""), (std::vector<int>{1}));
  EXPECT_EQ(numa_nodes_of("00010000000000001", scratch / ""), (std::vector<int>{0, 10}));
  EXPECT_EQ(numa_nodes_of("", scratch / ""), std::vector<int>{});
  EXPECT_EQ(numa_nodes_of("1", scratch / "nowhere"), std::vector<int>{});
}

TEST(Numa, ARankWithinOneNodeKeepsTheKernelsPlace) {
  place_memory({3});
  EXPECT_EQ(place_text(1, {}), "1 core");
  EXPECT_EQ(place_text(8, {3}), "8 cores of NUMA node 3");
  EXPECT_NE(place_text(8, {0, 1}).find("nodes 0, 1, its memory not placed"), std::string::npos);
}

// One node, named twice, is a set that every machine with NUMA has; a container may forbid it.
TEST(Numa, MemoryOfSeveralNodesIsSpread) {
  const std::vector<int> mine = numa_nodes_of(allowed_cores().mask);
  if (mine.empty()) return;  // a kernel without NUMA
  place_memory({mine.front(), mine.back()});
  const bool spread = place_text(2, {0, 1}).find("spread over them") != std::string::npos;
  constexpr std::size_t bytes = 1 << 24;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  static_cast<char*>(memory)[0] = 1;
  std::ifstream maps("/proc/self/numa_maps");
  bool interleaved = false;
  for (std::string line; std::getline(maps, line);)
    interleaved = interleaved || line.find("interleave") != std::string::npos;
  EXPECT_EQ(interleaved, spread);
  munmap(memory, bytes);
}

}  // namespace numa_test
}  // namespace switchyard
