#include "launch/submit/memory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "io/text/byte_size.h"
#include "launch/host/counted.h"
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

std::string check_node(const plan::RunShape& shape, const BatchRequest& request,
                       const SlurmConfig& site) {
  const std::int64_t program = plan::program_bytes({});
  const std::string needs = fmt::format(
      "the ranks of a node need {} of its memory",
      bytes_in_words(shape.ranks_per_node * host_bytes(plan::memory_plan(shape, program))));
  const std::optional<NodeMemory> node = memory_of_nodes(request.nodes, site);
  if (!node)
    return needs + "; how much a node has is unknown: set slurm.memory_per_node to check it";
  const std::optional<std::string> problem = plan::memory_problem(shape, program, node->bytes);
  require(!problem, Exit::usage, "{} (a node's memory: {})", problem.value_or(""), node->source);
  return fmt::format("{}, and a node has {} ({})", needs, bytes_in_words(node->bytes),
                     node->source);
}

std::string check_gpus(const plan::RunShape& shape, const BatchRequest& request,
                       const SlurmConfig& site) {
  const int gpus = std::max(1, request.gpus_per_node);
  const int sharing = request.gpus_per_node == 0 ? 1 : (shape.ranks_per_node + gpus - 1) / gpus;
  const std::string needs = fmt::format(
      "a GPU needs {} for {}, besides what CUDA takes",
      bytes_in_words(sharing * gpu_bytes(plan::memory_plan(shape, 0))), counted(sharing, "rank"));
  if (site.memory_per_gpu.empty())
    return needs + "; how much it has is unknown: set slurm.memory_per_gpu to check it";
  const std::int64_t bytes = parse_byte_size(site.memory_per_gpu, "slurm.memory_per_gpu");
  const std::optional<std::string> problem = plan::gpu_memory_problem(shape, sharing, bytes);
  require(!problem, Exit::usage, "{} (a GPU's memory: by slurm.memory_per_gpu)",
          problem.value_or(""));
  return fmt::format("{}; it has {} (by slurm.memory_per_gpu)", needs, bytes_in_words(bytes));
}

}  // namespace

std::vector<std::string> check_memory(const plan::RunShape& shape, const BatchRequest& request,
                                      const SlurmConfig& site) {
  if (!site.memory_per_gpu.empty()) parse_byte_size(site.memory_per_gpu, "slurm.memory_per_gpu");
  std::vector<std::string> lines;
  if (shape.device == Device::Kind::cuda) lines.push_back(check_gpus(shape, request, site));
  lines.push_back(check_node(shape, request, site));
  return lines;
}

}  // namespace switchyard
