#include "launch/assemble/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "launch/host/counted.h"
#include "launch/host/environment.h"
#include "launch/host/host_name.h"
#include "launch/host/ranks.h"
#include "launch/machine/control_group.h"
#include "launch/machine/machine.h"
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
    const int islands = config.train.islands.count;
    require(world.size() % islands == 0, Exit::usage,
            "islands.count = {} does not divide the number of ranks, {}: start a multiple of it",
            islands, world.size());
    degree = choose_expert_degree(config.parallel.experts, world.size() / islands,
                                  config.model.num_experts, flexible);
  });
  return degree;
}

namespace {

// One field a line, as ranks tell each other.
std::string place_text(const RankPlace& place) {
  return fmt::format("{}\n{}\n{}\n{}\n{}", place.host, place.mask, place.cores,
                     place.quota.value_or(0.0), place.quota_from);
}

RankPlace place_from(const std::string& text) {
  std::istringstream lines(text);
  RankPlace place;
  std::string cores, quota;
  for (std::string* line : {&place.host, &place.mask, &cores, &quota, &place.quota_from})
    std::getline(lines, *line);
  place.cores = std::stoi(cores);
  if (const double cpus = std::stod(quota); cpus > 0.0) place.quota = cpus;
  return place;
}

// Ranks wait for each other on cores that OMP_PROC_BIND or a launcher gave to several of them while
// others are idle. The first of them speaks.
void warn_of_shared_cores(const RankPlace& mine, const std::vector<RankPlace>& all, int rank) {
  const auto is_here = [&](const RankPlace& place) {
    return place.host == mine.host && place.mask == mine.mask;
  };
  const auto sharing = std::count_if(all.begin(), all.end(), is_here);
  const auto first = std::find_if(all.begin(), all.end(), is_here) - all.begin();
  if (sharing <= mine.cores || first != rank || mine.cores >= online_cores()) return;
  const std::string binding = environment_variable("OMP_PROC_BIND");
  print_error(
      fmt::format("{} of {} share {} of its {} cores and wait for each other: {}",
                  counted(sharing, "rank"), mine.host, counted(mine.cores, "core"), online_cores(),
                  binding.empty() ? "bind them to different cores, as mpirun --bind-to core does"
                                  : "unset OMP_PROC_BIND, which is " + binding));
}

}  // namespace

int threads_at(const RankPlace& mine, const std::vector<RankPlace>& all) {
  const auto ranks_with = [&](auto RankPlace::*field) {
    return std::count_if(all.begin(), all.end(), [&](const RankPlace& place) {
      return place.host == mine.host && place.*field == mine.*field;
    });
  };
  double threads = mine.cores / static_cast<double>(ranks_with(&RankPlace::mask));
  if (mine.quota)
    threads =
        std::min(threads, *mine.quota / static_cast<double>(ranks_with(&RankPlace::quota_from)));
  return std::max(1, static_cast<int>(threads));
}

int choose_threads(int asked, Comm& world) {
  const Cores cores = allowed_cores();
  const GroupLimits limits = group_limits();
  const RankPlace mine{host_name(), cores.mask, cores.count, limits.cpus, limits.cpus_from};
  std::vector<RankPlace> all;
  for (const std::string& text : all_gather_text(world, place_text(mine)))
    all.push_back(place_from(text));
  warn_of_shared_cores(mine, all, world.rank());
  return asked > 0 ? asked : threads_at(mine, all);
}

}  // namespace switchyard
