#include "launch/machine/gpu_place.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "launch/machine/machine.h"
#include "launch/machine/numa.h"
#include "runtime/device/cuda.h"

namespace switchyard {

GpuPlace gpu_place(const std::string& address, const std::filesystem::path& system) {
  GpuPlace place{address};
  for (char& c : place.address) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::ifstream(system / place.address / "numa_node") >> place.numa_node;
  return place;
}

GpuPlace gpu_place(Device device) { return gpu_place(cuda::pci_address(device)); }

void stay_beside(const GpuPlace& gpu, const std::filesystem::path& system) {
  if (gpu.numa_node < 0) return;
  const std::string mine = cores_of_node(gpu.numa_node, allowed_cores().mask, system);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (std::size_t core = 0; core < mine.size(); ++core)
    if (mine[core] == '1') CPU_SET(core, &cores);
  if (CPU_COUNT(&cores) > 0) sched_setaffinity(0, sizeof cores, &cores);
}

std::string gpu_text(int index, const GpuPlace& gpu) {
  return gpu.numa_node < 0 ? fmt::format("GPU {} of its node ({})", index, gpu.address)
                           : fmt::format("GPU {} of its node ({}, NUMA node {})", index,
                                         gpu.address, gpu.numa_node);
}

}  // namespace switchyard
