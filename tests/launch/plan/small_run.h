// A small run whose sizes the tests of plans count by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "launch/plan/run_shape.h"
#include "launch/plan/step_work.h"

namespace switchyard::plan {

inline Config small_config() {
  Config config;
  config.data.sequence_length = 64;
  config.model = {.hidden = 64,
                  .num_layers = 3,
                  .num_heads = 4,
                  .num_kv_heads = 2,
                  .head_dim = 16,
                  .dense_layers = {0},
                  .ffn_hidden = 128,
                  .num_experts = 8,
                  .expert_hidden = 64,
                  .shared_expert_hidden = 64};
  config.train.global_batch_size = 24;
  config.train.micro_batch_size = 2;
  return config;
}

inline RunShape shape_on(int ranks, const Config& config = small_config()) {
  return run_shape(config, 260, ranks, ranks, 1);
}

inline double amount_of(const std::string& part, const std::vector<PartWork>& work) {
  for (const PartWork& each : work) {
    if (each.part == part) return each.amount;
  }
  ADD_FAILURE() << "no part " << part;
  return 0.0;
}

}  // namespace switchyard::plan
