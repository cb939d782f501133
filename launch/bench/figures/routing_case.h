// The cases that `switchyard bench routing` measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "router/config.h"

namespace switchyard::bench {

// Every combination of the lists is a case.
struct RoutingSweep {
  // "model", of mode step, and "replay" besides those of Workload.
  std::vector<std::string> workloads = {"balanced", "zipf", "hot_rank", "model"};
  std::vector<std::string> modes = {"round_trip"};
  std::vector<std::string> exchanges = {"all"};
  std::vector<std::string> payloads = {"f32"};
  std::vector<std::int64_t> tokens = {2048}, hidden = {512};  // tokens: of each rank
  std::vector<int> top_k = {2}, experts = {8};
  std::int64_t expert_hidden = 1024;  // in the modes that compute
  int iterations = 10, warm_up = 3, repeats = 5;
  bool check_every = false;  // check the rows of every iteration, not of each repeat's last one
  int ranks_per_node = 0, expert_group = 0, chunks = 4;  // ranks; 0: as they are, and all
  std::int64_t seed = 1;
  double peak_node = 0.0, peak_link = 0.0;  // GB/s of one rank; 0: not stated
  std::string replay{};  // recorded routing (open_recorded), for the workload "replay"
};

struct RoutingCase {
  std::string workload, mode, exchange;
  Payload payload = Payload::f32;
  std::int64_t tokens = 0, hidden = 0;
  int top_k = 0, experts = 0;

  // "balanced round_trip flat f32 2048x512 top-2 of 8": identifies the case in other reports.
  std::string name() const;
};

// Sizes vary slowest and exchanges fastest, so that results to compare follow each other; balanced
// workloads come first. Leaves out workloads that a mode does not have: `model` is one of mode
// step, where ranks have the same number of tokens. Errors: Exit::usage for an unknown name or an
// impossible case.
std::vector<RoutingCase> cases_of(const RoutingSweep& sweep);

// The position of the case that differs from this one in its workload alone, which is balanced; -1
// if there is none.
std::ptrdiff_t balanced_twin(const std::vector<RoutingCase>& cases, const RoutingCase& what);

// Whether the mode computes, besides moving rows.
bool computes(const RoutingCase& what);

// How often a mode sends rows to experts and brings results back, in each layer.
struct Legs {
  int dispatches = 0, combines = 0;
};
Legs legs_of(const std::string& mode);

// Returns the memory that a rank with `tokens` tokens needs at least when its experts receive
// `received` rows, with the baselines that are measured beside the exchange.
double bytes_at_least(const RoutingCase& what, const RoutingSweep& sweep, double tokens,
                      double received, int num_hosted);

}  // namespace switchyard::bench
