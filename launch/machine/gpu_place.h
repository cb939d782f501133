// Finds where a rank's GPU is attached, and keeps the rank's cores and memory close to it.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/tensor.h"

namespace switchyard {

struct GpuPlace {
  std::string address;  // on the PCI bus, as the kernel writes it: "0000:3b:00.0"
  int numa_node = -1;   // -1: unknown
};

// system: the folder of PCI devices; tests pass their own.
GpuPlace gpu_place(const std::string& address,
                   const std::filesystem::path& system = "/sys/bus/pci/devices");
GpuPlace gpu_place(Device device);

// Binds this thread, and the threads that it starts from now on, to those of its cores that belong
// to the GPU's NUMA node. Memory that it touches then comes from there, pinned memory too. Does
// nothing if it has no core of that node, or the node is unknown.
void stay_beside(const GpuPlace& gpu,
                 const std::filesystem::path& system = "/sys/devices/system/node");

// For the log: "GPU 1 of its node (0000:3b:00.0, NUMA node 0)".
std::string gpu_text(int index, const GpuPlace& gpu);

}  // namespace switchyard
