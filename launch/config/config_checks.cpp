#include "launch/config/config_checks.h"

#include <set>

#include "io/text/byte_size.h"
#include "runtime/error.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

void check_batches(const TrainConfig& train, const DataConfig& data) {
  require(
      train.global_batch_size % train.micro_batch_size == 0, Exit::usage,
      "train.micro_batch_size = {} does not divide train.global_batch_size = {}: choose a divisor",
      train.micro_batch_size, train.global_batch_size);
  const std::int64_t tokens = data.sequence_length * train.micro_batch_size;
  require(tokens % row_tile == 0, Exit::usage,
          "a micro-batch has data.sequence_length * train.micro_batch_size = {} * {} = {} tokens, "
          "which must be a multiple of {}",
          data.sequence_length, train.micro_batch_size, tokens, row_tile);
  require(train.warmup_steps <= train.steps, Exit::usage,
          "train.warmup_steps = {} is more than train.steps = {}: the warm-up would never end",
          train.warmup_steps, train.steps);
}

void check_model(const ModelConfig& model) {
  require(model.num_heads % model.num_kv_heads == 0, Exit::usage,
          "model.num_kv_heads = {} does not divide model.num_heads = {}: choose a divisor",
          model.num_kv_heads, model.num_heads);
  require(model.head_dim % 2 == 0, Exit::usage,
          "model.head_dim = {} is odd: the rotary embedding takes pairs of elements; choose an "
          "even number",
          model.head_dim);
  std::set<std::int64_t> seen;
  for (const std::int64_t layer : model.dense_layers) {
    require(layer < model.num_layers, Exit::usage,
            "model.dense_layers names layer {}, but model.num_layers = {}: the last one is {}",
            layer, model.num_layers, model.num_layers - 1);
    require(seen.insert(layer).second, Exit::usage, "model.dense_layers names layer {} twice",
            layer);
  }
}

void check_checkpoints(const CheckpointConfig& checkpoint) {
  require(
      checkpoint.local_every == 0 || !checkpoint.local_dir.empty(), Exit::usage,
      "checkpoint.local_every = {} needs checkpoint.local_dir: name a folder on a node-local disk",
      checkpoint.local_every);
}

}  // namespace

void check_config(const Config& config) {
  require(!config.run.directory.empty(), Exit::usage,
          "run.directory is empty: name a folder for the run");
  if (!config.slurm.memory_per_node.empty()) {
    parse_byte_size(config.slurm.memory_per_node, "slurm.memory_per_node");
  }
  check_batches(config.train, config.data);
  check_model(config.model);
  require(config.guard.rewind_checkpoints <= config.checkpoint.keep, Exit::usage,
          "guard.rewind_checkpoints = {} is more than checkpoint.keep = {}: lower the first or "
          "raise the second",
          config.guard.rewind_checkpoints, config.checkpoint.keep);
  check_router(config.router, config.model.num_experts);
  check_checkpoints(config.checkpoint);
}

}  // namespace switchyard
