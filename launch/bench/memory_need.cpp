#include "launch/bench/memory_need.h"

#include <algorithm>

#include "io/text/byte_size.h"
#include "launch/bench/predict/expected_load.h"
#include "launch/host/counted.h"
#include "launch/machine/machine_memory.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

// The workload whose fullest rank is as full as this one's ever gets.
std::string fullest_workload(const RoutingCase& what) {
  if (what.workload == "burst") return "hot_rank";
  return what.workload == "replay" || what.workload == "model" ? "balanced" : what.workload;
}

}  // namespace

std::vector<double> bytes_of_ranks(const RoutingCase& what, const RoutingSweep& sweep,
                                   int num_ranks, int group, int ranks_per_node) {
  const WorkloadShape shape{.tokens = what.tokens,
                            .top_k = what.top_k,
                            .num_experts = what.experts,
                            .num_ranks = group,
                            .ranks_per_node = ranks_per_node};
  const Workload workload(fullest_workload(what), shape);
  const ExpectedLoad load(workload, shape);
  const Placement placement(what.experts, group);
  double all_tokens = 0.0;
  for (int rank = 0; rank < group; ++rank) all_tokens += static_cast<double>(workload.tokens(rank));
  std::vector<double> bytes;
  for (int rank = 0; rank < num_ranks; ++rank) {
    double share = 0.0;
    for (const int expert : placement.hosted(rank % group)) share += load.visits(expert);
    bytes.push_back(bytes_at_least(what, sweep, static_cast<double>(workload.tokens(rank % group)),
                                   share * all_tokens, placement.num_hosted(rank % group)));
  }
  return bytes;
}

void require_memory(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep,
                    BenchRanks& ranks) {
  const std::unique_ptr<Comm> machine = ranks.world.split_node();
  std::vector<double> here, most;  // of each case
  for (const RoutingCase& what : cases) {
    const std::vector<double> bytes =
        bytes_of_ranks(what, sweep, ranks.world.size(), ranks.experts->size(),
                       static_cast<int>(ranks.topology.ranks[0].size()));
    here.push_back(bytes[static_cast<std::size_t>(ranks.world.rank())]);
    most.push_back(here.back());
  }
  Stream host = Stream::cpu(1);
  machine->all_reduce(tensor_of(here.data(), {std::ssize(here)}), Reduce::sum, host);
  machine->all_reduce(tensor_of(most.data(), {std::ssize(most)}), Reduce::max, host);
  agree(ranks.world, [&] {
    const std::int64_t available = memory_left().bytes;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      require(here[i] <= static_cast<double>(available), Exit::usage,
              "{} needs at least {} for the {} of this machine, {} of it on the fullest, and {} "
              "are left: choose fewer tokens or experts, or a smaller hidden size or top-k",
              cases[i].name(), bytes_in_words(static_cast<std::int64_t>(here[i])),
              counted(machine->size(), "rank"), bytes_in_words(static_cast<std::int64_t>(most[i])),
              bytes_in_words(available));
    }
  });
}

}  // namespace switchyard::bench
