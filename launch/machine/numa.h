// Finds the NUMA nodes of this rank's cores, and decides where its memory comes from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace switchyard {

// Returns the numbers of the nodes that have one of `cores`, ascending; empty if the system has no
// NUMA nodes. cores: a '1' for each core that may be used (Cores::mask). system: tests pass their
// own.
std::vector<int> numa_nodes_of(const std::string& cores,
                               const std::filesystem::path& system = "/sys/devices/system/node");

// Returns those of `cores` that belong to the node, in the same form.
std::string cores_of_node(int node, const std::string& cores,
                          const std::filesystem::path& system = "/sys/devices/system/node");

// Sets where memory comes from that this process touches from now on. Within one node the kernel
// takes it from there by default. Threads on several nodes take turns at any part of a tensor, so
// with several nodes the pages are spread over them, and all share the load. Has no effect if the
// system refuses.
void place_memory(const std::vector<int>& nodes);

// For the log: "8 cores of NUMA node 0", or of several nodes and how memory is spread over them.
std::string place_text(int num_cores, const std::vector<int>& nodes);

}  // namespace switchyard
