// The results of `switchyard bench routing`: what every iteration took, and figures of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/bench/figures/routing_case.h"

namespace switchyard::bench {

// Bytes of an iteration. The bytes of a leg (one dispatch or combine) on a kind of link are the
// most that any one rank, or node, sends or receives over it; legs follow each other and are added
// up. So none of them, divided by the time, can exceed the rate of the link.
struct Traffic {
  std::int64_t tokens = 0;              // over all ranks
  std::int64_t logical_bytes = 0;       // (token, choice) rows as f32, over all ranks
  std::int64_t wire_bytes = 0;          // that change ranks or, with several nodes, change nodes
  std::int64_t node_bytes = 0;          // between ranks of a node, of the busiest rank
  std::int64_t link_bytes = 0;          // between nodes, of the busiest rank
  std::int64_t link_of_node_bytes = 0;  // between nodes, of the busiest node
  std::int64_t max_rows = 0;            // received by the experts of the fullest rank
};

// Seconds. All ranks wait for the slowest, so an iteration takes as long as on its slowest rank.
struct Iteration {
  double seconds = 0.0;
  // Of that rank: making the plan (outside `seconds` in the modes that only move rows), packing and
  // ordering rows, and waiting for rows to travel.
  double plan = 0.0, permute = 0.0, travel = 0.0;
  Traffic traffic;
};

// Sums over the iterations, of one rank.
struct RankSums {
  int node = 0;
  double seconds = 0.0, rows = 0.0;  // rows received by its experts
  double node_out = 0.0, node_in = 0.0, link_out = 0.0, link_in = 0.0;  // bytes

  void add(const RankSums& more);
};

// The value below which `share` of the values are, with linear interpolation: 0.5 is the median. 0
// if there are none.
double quantile(std::vector<double> values, double share);

struct RoutingResult {
  RoutingCase what;
  std::string exchange;  // that moved the rows: what "auto" chose
  int ranks = 1, nodes = 1, group = 1, repeats = 1;
  std::optional<std::int64_t> wrong;  // rows or choices found wrong; empty: nothing was checked
  std::vector<Iteration> iterations;  // of all repeats, in order
  std::vector<RankSums> of_ranks;
  // Iterations of what the exchange is compared with, each of the slowest rank. raw: MPI_Alltoallv
  // of the rows that leave their rank, on the exchange's kind of pages; plain: the same on malloc's
  // pages; copy: memcpy of the bytes of all rows.
  std::vector<double> raw, plain, copy;
  double predicted = 0.0;      // p50, as a model of the cluster predicts it
  std::optional<double> lost;  // share of the balanced twin's tokens/s; empty: there is none
  double memory_bytes = 0.0;   // that the fullest rank needs at least
  double peak_node = 0.0, peak_link = 0.0;  // stated GB/s of one rank

  double p(double share) const;  // a quantile of the iterations' seconds
  double mean() const;
  double part(double Iteration::*which) const;          // its median
  double bytes(std::int64_t Traffic::*which) const;     // mean of the iterations
  double gb_per_s(std::int64_t Traffic::*which) const;  // median of bytes over seconds
  double algbw() const;                                 // GB/s: logical bytes of a rank over p50
  double share_of_peak() const;                         // of the link that is nearest to its peak
  double tokens_per_second() const;                     // over all ranks, over p50
  double skew() const;                                  // rows of the fullest rank over the mean
  double noise() const;                                 // distance of quartiles over the median
  std::vector<double> medians() const;                  // of each repeat
  double spread() const;                                // of the medians: range over their median
  int slowest_rank() const;
  bool travels() const { return exchange != "shared_memory"; }  // whether all rows are messages

  // Appends another repeat of the same case.
  void add(RoutingResult more);
};

}  // namespace switchyard::bench
