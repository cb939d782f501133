// RunShape: the sizes of a run that determine its memory and its work.
#pragma once

#include <array>
#include <cstdint>

#include "launch/config/config.h"
#include "model/param_role.h"
#include "runtime/comm/mesh.h"

namespace switchyard::plan {

struct RunShape {
  ModelConfig model;
  RouterConfig router;
  bool exact = true;
  std::int64_t moment_bytes = 4;  // of one element of one moment
  Device::Kind device = Device::Kind::cpu;
  bool rounded_weights = false;  // a GPU keeps a copy of them in bf16
  bool tf32 = false;             // on a GPU, products of f32 round to TF32
  bool asynchronous_saves = true, local_saves = false;
  std::int64_t vocabulary = 0;  // rows of the table of ids
  int num_ranks = 1, ranks_per_node = 1, expert_degree = 1, threads = 1;
  std::int64_t sequence_length = 0;
  std::int64_t micro_batch_tokens = 0;
  std::int64_t rounds = 1;  // micro-batches of the busiest rank in a step
  std::int64_t step_tokens = 0;
  std::int64_t recompute_layers = 0;
  double load_factor = 1.0;
  std::int64_t compare_every = 0;  // steps between comparisons of replicas; 0: never
  bool guided = false;             // low-rank layers have guides, in the first steps
  int mtp_modules = 0;             // of model.mtp_depth, those that a step computes
  // Elements that training leaves as they are: dense ones, and those of one expert in all layers.
  std::int64_t frozen_dense = 0, frozen_of_an_expert = 0;
  // Elements that linear layers have beyond their dense matrices (runtime/params/linear_terms.h),
  // negative where low-rank layers have fewer: in dense parameters, and in one expert in all
  // layers.
  std::int64_t added_dense = 0, added_of_an_expert = 0;
  // The same by role (model/param_role.h), and of what a token is multiplied with the elements
  // whose gradients nobody computes. Experts: of one in all layers.
  std::array<std::int64_t, names_of<ParamRole>.size()> added{}, without_gradient{};
  // Of parameters that are updated as whole matrices (train/matrix): their elements, dense ones and
  // those of one expert in all layers; and of the rank that owns the most, the elements that it
  // keeps of them from step to step, and the FLOPs and scratch elements of their updates.
  struct MatrixUpdates {
    std::int64_t dense = 0, of_an_expert = 0;
    std::int64_t state_elements = 0, scratch_elements = 0;
    double flops = 0.0;
  } matrices;
  IslandsConfig islands;  // the ranks, the step and all else are of one of them
  // Of parameters that are kept as codes: the bytes that their values take less than in f32, dense
  // ones and those of one expert in all layers; and the elements of the largest.
  struct Packed {
    std::int64_t saved_dense = 0, saved_of_an_expert = 0, largest = 0;
  } packed;
  std::int64_t largest_trained =
      0;  // elements of the largest tensor with a gradient; 0: not counted

  int num_replicas() const { return num_ranks / expert_degree; }
  // Of all blocks, those of modules of multi-token prediction included.
  std::int64_t num_dense_layers() const { return num_dense_blocks(model); }
  std::int64_t num_moe_layers() const { return num_blocks(model) - num_dense_layers(); }
  std::int64_t slots_of_experts() const;  // of an expert group, in one layer
  std::int64_t hosted_experts() const;    // of the rank that hosts the most, in one layer
  std::int64_t dense_elements() const;    // parameters that every rank holds
  std::int64_t expert_elements() const;   // of the hosted experts, all layers
  std::int64_t saved_bytes() const {      // of the values that every rank holds
    return packed.saved_dense + hosted_experts() * packed.saved_of_an_expert;
  }
  std::int64_t trained_dense_elements() const;   // of these, those with gradients and moments
  std::int64_t trained_expert_elements() const;  // of these
  double owned_block_elements() const;           // parameters that the rank updates block by block
  std::int64_t total_elements() const;           // of the whole model
  std::int64_t active_elements() const;          // of the model, as far as a token meets them
  std::int64_t frozen_elements() const {         // of the whole model
    return frozen_dense + model.num_experts * frozen_of_an_expert;
  }
  std::int64_t job_tokens() const { return islands.count * step_tokens; }  // in a step
  int num_nodes() const { return (num_ranks + ranks_per_node - 1) / ranks_per_node; }
};

// num_ids: of the tokenizer. num_ranks: of all islands. Errors: Exit::usage if the config cannot
// run with them or on these ranks, its sizes are absurd, or train.freeze does not fit the model.
RunShape run_shape(const Config& config, std::int64_t num_ids, int num_ranks, int ranks_per_node,
                   int threads);

}  // namespace switchyard::plan
