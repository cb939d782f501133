// What a step should take on a GPU, from the work of a run and a few numbers of the GPU. Nothing of
// it is measured: each row is work divided by a share of what the GPU's data sheet promises.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "launch/plan/step_work.h"

namespace switchyard::plan {

// Of one GPU by its data sheet: dense products, without sparsity.
struct Gpu {
  std::string_view name;
  double bf16, tf32, f32;  // FLOP/s
  double memory;           // bytes/s
  double link;             // bytes/s that it sends to the other GPUs of its node
  std::int64_t memory_bytes;
  double expert_share;  // of the product rate that products of experts are taken to reach
};
inline constexpr std::array gpus = {
    Gpu{"a100", 312e12, 156e12, 19.5e12, 2.04e12, 300e9, std::int64_t{80} << 30, 0.45},
    Gpu{"h100", 989e12, 494e12, 67e12, 3.35e12, 450e9, std::int64_t{80} << 30, 0.19},
    Gpu{"h200", 989e12, 494e12, 67e12, 4.8e12, 450e9, std::int64_t{141} << 30, 0.19},
    Gpu{"b200", 2250e12, 1125e12, 75e12, 8.0e12, 900e9, std::int64_t{180} << 30, 0.10}};

// Errors: Exit::usage for another name, with those there are.
const Gpu& gpu_of(std::string_view name);

struct RooflineRow {
  std::string part;
  WorkUnit unit;
  double amount = 0.0;
  double limit = 0.0;  // units/s by the data sheet, or by --network
  double share = 1.0;  // of the limit that the part is taken to reach
  std::string why;     // that share
  double seconds() const { return amount == 0.0 ? 0.0 : amount / (limit * share); }
};

struct Roofline {
  std::vector<RooflineRow> rows;
  double peak = 0.0;  // FLOP/s of products in the run's precision
  double step_seconds() const;
  // Of the peak of all GPUs, what the model's own products take (training_flops_per_token).
  double flops_share(const RunShape& shape) const;
};

// network: bytes/s that a GPU sends to other nodes; 0: unknown. Errors: Exit::usage if the run has
// several nodes and the network is unknown.
Roofline gpu_roofline(const RunShape& shape, const Gpu& gpu, double network);

}  // namespace switchyard::plan
