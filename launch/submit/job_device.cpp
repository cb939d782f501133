#include "launch/submit/job_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

bool names_the_cpu(const std::vector<std::string>& sets) {
  return std::any_of(sets.begin(), sets.end(), [](std::string set) {
    std::erase_if(set, [](char c) { return c == ' ' || c == '"' || c == '\''; });
    return set == "run.device=cpu";
  });
}

// The device of the config and the GPUs that the job asks for must agree.
void check_agreement(const Config& config, const BatchRequest& request) {
  const bool by_options = asks_for_gpus(config.slurm.options);
  if (config.run.device == Device::Kind::cpu) {
    require(!by_options, Exit::usage,
            "slurm.options = \"{}\" asks for GPUs, but run.device = \"cpu\" would leave them idle: "
            "add --set run.device=cuda, or take the GPUs out of slurm.options",
            config.slurm.options);
    return;
  }
  require(by_options || request.gpus_per_node > 0, Exit::usage,
          "run.device = \"cuda\", but the job asks for no GPU: add --gpus-per-node N, or set "
          "run.device to \"cpu\"");
  require(config.router.exchange != ExchangeKind::shared_memory, Exit::usage,
          "router.exchange = \"shared_memory\" works on CPUs only: with run.device = \"cuda\", use "
          "\"flat\" or \"auto\"");
}

}  // namespace

bool asks_for_gpus(const std::string& options) {
  std::istringstream words(options);
  for (std::string word; words >> word;) {
    if (word.starts_with("--gpus") || word.starts_with("-G") ||
        word.find("gpu:") != std::string::npos || word.ends_with("=gpu") || word == "gpu")
      return true;
  }
  return false;
}

void settle_device(const std::vector<std::string>& sets, Config& config, BatchRequest& request) {
  const int gpus = request.gpus_per_node;
  if (gpus > 0) {
    require(!names_the_cpu(sets), Exit::usage,
            "--gpus-per-node {} and --set run.device=cpu contradict each other: leave one of them "
            "out",
            gpus);
    config.run.device = Device::Kind::cuda;
  }
  check_agreement(config, request);
  if (request.ranks_per_node == 0) request.ranks_per_node = std::max(1, gpus);
  require(request.ranks_per_node >= gpus, Exit::usage,
          "--ranks-per-node {} leaves {} of the {} GPUs of each node idle, because a rank uses one "
          "GPU: use --ranks-per-node {}, or --gpus-per-node {}",
          request.ranks_per_node, gpus - request.ranks_per_node, gpus, gpus,
          request.ranks_per_node);
}

std::string device_line(const Config& config, const BatchRequest& request) {
  const int ranks = request.nodes * request.ranks_per_node,
            gpus = request.nodes * request.gpus_per_node;
  if (config.run.device == Device::Kind::cpu)
    return fmt::format("device cpu, {} on {}, {} for each rank", counted(ranks, "rank"),
                       counted(request.nodes, "node"), counted(request.cpus_per_rank, "core"));
  if (gpus == 0) {
    return fmt::format(
        "device cuda, {} on the GPUs that slurm.options asks for: check that each "
        "rank has one",
        counted(ranks, "rank"));
  }
  const std::string line =
      fmt::format("device cuda, {} on {}", counted(ranks, "rank"), counted(gpus, "GPU"));
  return ranks == gpus ? line
                       : line + ": ranks share GPUs, so tensors travel through the hosts' memory";
}

}  // namespace switchyard
