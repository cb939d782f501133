// What `switchyard bench routing` measures: the product of its lists, and what came out of each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "router/config.h"

namespace switchyard {

struct RoutingSweep {
  std::vector<std::string> workloads = {"balanced", "zipf", "hot_rank"};
  std::vector<std::string> modes = {"round_trip"};
  std::vector<std::string> exchanges = {"all"};
  std::vector<std::string> payloads = {"f32"};
  std::vector<std::int64_t> tokens = {2048}, hidden = {512};  // tokens: of a rank
  std::vector<int> top_k = {2}, experts = {8};
  std::int64_t expert_hidden = 1024;  // of the modes that compute
  int iterations = 20;
  int ranks_per_node = 0, chunks = 4;
  std::int64_t seed = 1;
  std::string replay;  // folder of recorded routing, of the workload "replay"
};

struct RoutingCase {
  std::string workload, mode, exchange;
  Payload payload = Payload::f32;
  std::int64_t tokens = 0, hidden = 0;
  int top_k = 0, experts = 0;

  // "balanced round_trip flat f32 2048x512 top-2 of 8": the same case in another file has this
  // name.
  std::string name() const;
};

// Sizes vary slowest, exchanges fastest, so that rows to compare stand together. Errors:
// Exit::usage for an unknown name or a case that cannot be.
std::vector<RoutingCase> cases_of(const RoutingSweep& sweep);

// Of rows and experts of one rank, the mean.
double bytes_at_least(const RoutingCase& what, const RoutingSweep& sweep, int num_ranks);

// Bytes are of one iteration, seconds the middle of all.
struct RoutingResult {
  RoutingCase what;
  int ranks = 1, nodes = 1;
  std::int64_t wrong = 0;          // rows that the oracle refused, over all ranks
  std::int64_t logical_bytes = 0;  // (token, choice) rows as f32, over all ranks
  std::int64_t wire_bytes = 0;     // that change ranks; with several nodes, that change nodes
  std::int64_t busiest_bytes = 0;  // the most that one rank sends or receives of them
  std::int64_t tokens = 0;         // over all ranks
  double least = 0, middle = 0, most = 0;  // over ranks
  int slowest = 0;                         // the rank of `most`
  double travel = 0;  // of `most`: waiting for rows, without packing and unpacking
  double noise = 0;   // middle half of the iterations, in parts of the middle
  double raw = 0;     // one MPI_Alltoallv of the same bytes each way, on pages like the exchange's
  double plain = 0;   // the same on pages as malloc gives them
  double copy = 0;    // memcpy of the same bytes
  double predicted = 0;            // `most` by a model of the cluster
  std::vector<std::int64_t> load;  // [ranks]: rows received by each in the first iteration

  double algbw() const;  // GB/s: logical bytes of a rank, the mean, over `most`
  double busbw() const;  // GB/s: busiest_bytes over `most`
  double tokens_per_second() const { return static_cast<double>(tokens) / most; }
};

}  // namespace switchyard
