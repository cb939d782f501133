#include "launch/assemble/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/host/machine.h"
#include "launch/run/run_directory.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/mesh.h"
#include "runtime/error.h"

namespace switchyard {

ExpertDegree choose_expert_degree(const std::string& asked, int num_ranks, int num_experts,
                                  bool flexible) {
  if (asked == "auto") return {largest_divisor(num_ranks, num_experts), ""};
  const int degree = std::stoi(asked);  // the config table allows nothing else
  if (num_ranks % degree == 0) return {degree, ""};
  const int fitting = largest_divisor(num_ranks, degree);
  require(flexible, Exit::usage,
          "parallel.experts = {} does not divide {} ranks: use \"auto\" or a divisor such as {}, "
          "start another number of ranks, or set parallel.elastic = true",
          degree, num_ranks, fitting);
  return {fitting, fmt::format("parallel.experts = {} does not divide {} ranks: using {}", degree,
                               num_ranks, fitting)};
}

ExpertDegree agree_on_expert_degree(const Config& config, bool resume, Comm& world) {
  ExpertDegree degree;
  agree(world, [&] {
    const bool flexible =
        config.parallel.elastic || (resume && RunDirectory(config.run.directory).used());
    degree = choose_expert_degree(config.parallel.experts, world.size(), config.model.num_experts,
                                  flexible);
  });
  return degree;
}

int choose_threads(int asked, Comm& world) {
  const Cores cores = allowed_cores();
  const std::string mine = host_name() + " " + cores.mask;
  const std::vector<std::string> all = all_gather_text(world, mine);
  const auto sharing = static_cast<int>(std::count(all.begin(), all.end(), mine));
  return asked > 0 ? asked : std::max(1, cores.count / std::max(1, sharing));
}

}  // namespace switchyard
