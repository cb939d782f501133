#include "launch/machine/numa.h"

#include <fmt/ranges.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "launch/host/counted.h"

namespace switchyard {
namespace {

// -1 if the text is not a number.
int number_of(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// Returns those of `cores` that are in `list`, which has the kernel's form: "0-3,8-11".
std::string listed(const std::string& list, const std::string& cores) {
  std::string both(cores.size(), '0');
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t dash = part.find('-');
    const int first = number_of(part.substr(0, dash));
    const int last = dash == std::string::npos ? first : number_of(part.substr(dash + 1));
    if (first < 0) continue;
    for (int core = first; core <= last && core < std::ssize(cores); ++core)
      both[static_cast<std::size_t>(core)] = cores[static_cast<std::size_t>(core)];
  }
  return both;
}

std::string first_line(const std::filesystem::path& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

}  // namespace

std::vector<int> numa_nodes_of(const std::string& cores, const std::filesystem::path& system) {
  std::vector<int> nodes;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(system, none)) {
    const std::string name = entry.path().filename();
    const int node = name.starts_with("node") ? number_of(name.substr(4)) : -1;
    const std::string mine = listed(first_line(entry.path() / "cpulist"), cores);
    if (node >= 0 && mine.find('1') != std::string::npos) nodes.push_back(node);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

std::string cores_of_node(int node, const std::string& cores, const std::filesystem::path& system) {
  return listed(first_line(system / fmt::format("node{}", node) / "cpulist"), cores);
}

void place_memory(const std::vector<int>& nodes) {
  constexpr int word = 8 * sizeof(unsigned long);
  if (nodes.size() < 2) return;
  std::vector<unsigned long> mask(static_cast<std::size_t>(nodes.back() / word + 1), 0);
  for (const int node : nodes) mask[static_cast<std::size_t>(node / word)] |= 1UL << (node % word);
  // The kernel ignores the last bit, so the size is one more than the number of bits.
  syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, mask.data(), mask.size() * word + 1);
}

std::string place_text(int num_cores, const std::vector<int>& nodes) {
  const std::string cores = counted(num_cores, "core");
  if (nodes.empty()) return cores;
  if (nodes.size() == 1) return fmt::format("{} of NUMA node {}", cores, nodes.front());
  int policy = MPOL_DEFAULT;
  syscall(SYS_get_mempolicy, &policy, nullptr, 0UL, nullptr, 0UL);
  return fmt::format(
      "{} of NUMA nodes {}, {}: one rank per NUMA node is faster (mpirun --map-by numa --bind-to "
      "numa)",
      cores, fmt::join(nodes, ", "),
      policy == MPOL_INTERLEAVE ? "its memory spread over them" : "its memory not placed");
}

}  // namespace switchyard
