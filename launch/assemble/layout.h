// How the ranks of this start are laid out: the expert-parallel degree, and the threads of each
// rank.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct ExpertDegree {
  int degree = 1;
  std::string note;  // why the degree differs from parallel.experts; empty if it does not
};

// "auto": the largest divisor of num_ranks that is at most num_experts. An explicit degree that
// does not divide num_ranks is Exit::usage, unless `flexible` (a resumed or elastic run): then the
// largest divisor below it.
ExpertDegree choose_expert_degree(const std::string& asked, int num_ranks, int num_experts,
                                  bool flexible);
// Collective. The degree that parallel.experts asks for; flexible if parallel.elastic is set or a
// used run directory is resumed. Errors: agreed.
ExpertDegree agree_on_expert_degree(const Config& config, bool resume, Comm& world);

// Where a rank computes.
struct RankPlace {
  std::string host, mask;  // of the cores that it is bound to (launch/machine/machine.h)
  int cores = 1;
  std::optional<double> quota;  // CPUs, of the control group quota_from
  std::string quota_from;
};

// Divides the cores that this rank is bound to among all ranks that are bound to the same ones, and
// a CPU quota among the ranks that share it. At least 1. all: every rank, this one included.
int threads_at(const RankPlace& mine, const std::vector<RankPlace>& all);

// Collective. The threads of this rank. asked: run.threads; 0: threads_at.
int choose_threads(int asked, Comm& world);

}  // namespace switchyard
