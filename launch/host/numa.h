// The NUMA nodes of this rank's cores, and where its memory comes from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace switchyard {

// The numbers of the nodes that have one of `cores`, ascending; empty where the system names none.
// cores: a '1' for each core that may be used (Cores::mask). system: tests pass their own.
std::vector<int> numa_nodes_of(const std::string& cores,
                               const std::filesystem::path& system = "/sys/devices/system/node");

// Those of `cores` that are of the node, in the same form.
std::string cores_of_node(int node, const std::string& cores,
                          const std::filesystem::path& system = "/sys/devices/system/node");

// Memory that this process touches from now on. Within one node the kernel takes it from there.
// Threads on several nodes take turns at any part of a tensor, so its pages are spread over these
// nodes: no node's memory is everybody's. Without effect where the system refuses.
void place_memory(const std::vector<int>& nodes);

// For the log: "8 cores of NUMA node 0", or of several, and what became of the memory.
std::string place_text(int num_cores, const std::vector<int>& nodes);

}  // namespace switchyard
