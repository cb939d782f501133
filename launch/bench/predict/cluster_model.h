// ClusterModel: a cluster described by a few numbers, for predictions (docs/benchmark-routing.md
// says how to measure them).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "router/config.h"

namespace switchyard::bench {

inline constexpr double giga = 1e9, micro = 1e-6;  // of its units

struct ClusterModel {
  int nodes = 1, ranks_per_node = 1;
  double node_latency_us = 1.0;  // of one message between ranks of a node
  double node_gb_per_s = 5.0;    // in or out of one rank, all ranks of a node at once
  double link_latency_us = 2.0;  // of one message between nodes
  double link_gb_per_s = 12.5;   // in or out of one node, over all its rails
  int rails = 1;  // network ports of a node, of one rate; rank i of a node uses port i modulo rails
  double message_gap_us = 0.5;   // between the messages that one rank posts
  double memory_gb_per_s = 5.0;  // packed or unpacked rows of one rank, all ranks at once
  double gflop_per_s = 100.0;    // matrix products of one rank
  // What a tuned cluster (launch/bench/tune) says beside the above.
  double fence_us = 0.0;  // of the shared window of a node; 0: as node_latency_us
  double shared_memory_packing = 1.0, hierarchical_packing = 1.0;  // factors on the time of packing
  double bf16_packing = 1.0, int8_packing = 1.0;                   // of these payloads
  double packing_cached = 1.0;            // factor on the time of packing rows that caches hold
  double cache_mib = 8.0;                 // of rows of a rank, of which caches hold half
  std::vector<std::string> assumed = {};  // "key = value" for each key that the file leaves out

  int num_ranks() const { return nodes * ranks_per_node; }
  int node_of(int rank) const { return rank / ranks_per_node; }
  int rail_of(int rank) const { return rank % ranks_per_node % rails; }
  // The part of the cluster that one expert group of consecutive ranks fills: whole nodes, or some
  // ranks of one.
  ClusterModel part_of(int group) const;
  double packing_factor(const std::string& exchange, Payload payload) const;
  // The share that caches hold of the `bytes` of f32 that a rank's rows take, at home and at its
  // experts.
  double held_by_caches(double bytes) const;
};

// Errors: Exit::usage for an unknown key, naming the nearest, or a value that is not allowed.
ClusterModel parse_cluster_model(const std::string& toml, const std::string& name);
ClusterModel read_cluster_model(const std::filesystem::path& path);
// Returns the TOML that parse_cluster_model() reads, with every key.
std::string print_cluster_model(const ClusterModel& model);

}  // namespace switchyard::bench
