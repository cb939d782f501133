// The cases that `switchyard bench routing` measures, and their results.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "router/config.h"

namespace switchyard::bench {

// Every combination of the lists is a case.
struct RoutingSweep {
  std::vector<std::string> workloads = {"balanced", "zipf", "hot_rank"};
  std::vector<std::string> modes = {"round_trip"};
  std::vector<std::string> exchanges = {"all"};
  std::vector<std::string> payloads = {"f32"};
  std::vector<std::int64_t> tokens = {2048}, hidden = {512};  // tokens: of each rank
  std::vector<int> top_k = {2}, experts = {8};
  std::int64_t expert_hidden = 1024;  // in the modes that compute
  int iterations = 20;
  int ranks_per_node = 0, chunks = 4;
  std::int64_t seed = 1;
  std::string replay;  // a folder of recorded routing, for the workload "replay"
};

struct RoutingCase {
  std::string workload, mode, exchange;
  Payload payload = Payload::f32;
  std::int64_t tokens = 0, hidden = 0;
  int top_k = 0, experts = 0;

  // "balanced round_trip flat f32 2048x512 top-2 of 8": identifies the case in other reports.
  std::string name() const;
};

// Sizes vary slowest and exchanges fastest, so that results to compare follow each other. Errors:
// Exit::usage for an unknown name or an impossible case.
std::vector<RoutingCase> cases_of(const RoutingSweep& sweep);

// Returns the memory that the rows and experts of one rank need at least, averaged over ranks.
double bytes_at_least(const RoutingCase& what, const RoutingSweep& sweep, int num_ranks);

// Bytes are those of one iteration; seconds are medians over the iterations.
struct RoutingResult {
  RoutingCase what;
  int ranks = 1, nodes = 1;
  std::int64_t wrong = 0;                  // rows that the oracle found wrong, over all ranks
  std::int64_t logical_bytes = 0;          // (token, choice) rows as f32, over all ranks
  std::int64_t wire_bytes = 0;             // that change ranks or, with several nodes, change nodes
  std::int64_t busiest_bytes = 0;          // the most that one rank sends or receives of them
  std::int64_t tokens = 0;                 // over all ranks
  double least = 0, middle = 0, most = 0;  // over ranks
  int slowest = 0;                         // the rank of `most`
  double travel = 0;  // the part of `most` spent waiting for rows, without packing and unpacking
  double noise = 0;   // interquartile range of the iterations over their median
  double raw = 0;  // one MPI_Alltoallv of the same bytes each way, on the exchange's kind of pages
  double plain = 0;                // the same on malloc's pages
  double copy = 0;                 // memcpy of the same bytes
  double predicted = 0;            // `most`, as a model of the cluster predicts it
  std::vector<std::int64_t> load;  // [ranks]: rows received by each in the first iteration

  double algbw() const;  // GB/s: logical bytes per rank over `most`
  double busbw() const;  // GB/s: busiest_bytes over `most`
  double tokens_per_second() const { return static_cast<double>(tokens) / most; }
};

}  // namespace switchyard::bench
