#include "launch/submit/memory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "io/text/byte_size.h"
#include "launch/host/slurm.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/rates.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

struct NodeMemory {
  std::int64_t bytes = 0;
  std::string source;
};

std::optional<NodeMemory> memory_of_nodes(int nodes, const SlurmConfig& site) {
  if (!site.memory_per_node.empty()) {
    return NodeMemory{parse_byte_size(site.memory_per_node, "slurm.memory_per_node"),
                      "by slurm.memory_per_node"};
  }
  std::vector<std::int64_t> mebibytes = node_memory(site.partition);
  if (std::ssize(mebibytes) < nodes) return std::nullopt;  // sbatch will refuse the job itself
  std::sort(mebibytes.begin(), mebibytes.end(), std::greater{});
  return NodeMemory{mebibytes[static_cast<std::size_t>(nodes) - 1] << 20, "by sinfo"};
}

}  // namespace

std::string check_memory(const plan::RunShape& shape, const BatchRequest& request,
                         const SlurmConfig& site) {
  const std::int64_t program = plan::program_bytes({});
  if (request.gpus_per_node > 0)
    return "memory was not checked, because most of it will be on the GPUs";
  const std::string needs = fmt::format(
      "the ranks of a node need {}",
      bytes_in_words(shape.ranks_per_node * total_bytes(plan::memory_plan(shape, program))));
  const std::optional<NodeMemory> node = memory_of_nodes(request.nodes, site);
  if (!node)
    return needs + "; the memory of a node is unknown: set slurm.memory_per_node to check it";
  const std::optional<std::string> problem = plan::memory_problem(shape, program, node->bytes);
  require(!problem, Exit::usage, "{} (a node's memory: {})", problem.value_or(""), node->source);
  return fmt::format("{}, and a node has {} ({})", needs, bytes_in_words(node->bytes),
                     node->source);
}

}  // namespace switchyard
