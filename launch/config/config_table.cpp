#include "launch/config/config_table.h"

#include "io/files/nearest_name.h"

namespace switchyard {
namespace {

constexpr bool fixed = true, free = false;
constexpr double many = 1e15;  // integers up to here are exact in a double

void add_run(std::vector<ConfigKey>& keys, RunConfig& run) {
  keys.insert(keys.end(),
              {{"run.directory", &run.directory, Anything{}, free,
                "where the run keeps everything; from the current directory"},
               {"run.threads", &run.threads, Range{0, 4096}, free,
                "per rank; 0: this node's cores shared by its ranks"},
               {"run.device", &run.device, Choices{{"cpu", "cuda"}}, free, "where to compute"},
               {"run.tf32", &run.tf32, Anything{}, free,
                "on a GPU, round the operands of products to TF32, which is faster"}});
}

void add_data(std::vector<ConfigKey>& keys, DataConfig& data) {
  keys.insert(
      keys.end(),
      {{"data.dataset", &data.dataset, Anything{}, free, "folder written by `switchyard prepare`"},
       {"data.sequence_length", &data.sequence_length, Range{1, 1 << 24}, fixed, "tokens per row"},
       {"data.weights", &data.weights, Range{0, SampleOrder::largest_weight}, fixed,
        "passes over each source in an epoch; 1 if not named"},
       {"data.mmap", &data.mmap, Anything{}, free,
        "map token files; cut short, they kill the process"}});
}

void add_model(std::vector<ConfigKey>& keys, ModelConfig& model) {
  keys.insert(
      keys.end(),
      {{"model.hidden", &model.hidden, Range{1, 1 << 20}, fixed, "width of the residual stream"},
       {"model.num_layers", &model.num_layers, Range{1, 10000}, fixed, "transformer blocks"},
       {"model.num_heads", &model.num_heads, Range{1, 10000}, fixed, "query heads"},
       {"model.num_kv_heads", &model.num_kv_heads, Range{1, 10000}, fixed,
        "key/value heads; divides num_heads"},
       {"model.head_dim", &model.head_dim, Range{2, 4096}, fixed, "elements per head; even"},
       {"model.qk_norm", &model.qk_norm, Anything{}, fixed, "RMSNorm of queries and keys"},
       {"model.rope_base", &model.rope_base, Range{1, 1e12}, fixed, "base of the rotary positions"},
       {"model.norm_epsilon", &model.norm_epsilon, Range{0, 1}, fixed, "of every RMSNorm"},
       {"model.dense_layers", &model.dense_layers, Range{0, 9999}, fixed,
        "layers with one FFN in place of experts"},
       {"model.ffn_hidden", &model.ffn_hidden, Range{1, 1 << 24}, fixed,
        "inner width of dense layers"},
       {"model.num_experts", &model.num_experts, Range{1, 1 << 20}, fixed, "experts per MoE layer"},
       {"model.expert_hidden", &model.expert_hidden, Range{1, 1 << 24}, fixed,
        "inner width of one expert"},
       {"model.shared_expert_hidden", &model.shared_expert_hidden, Range{0, 1 << 24}, fixed,
        "inner width of the expert every token visits; 0: none"},
       {"model.tie_embeddings", &model.tie_embeddings, Anything{}, fixed,
        "one table for input and output"},
       {"model.init_std", &model.init_std, Range{0, 100}, fixed,
        "standard deviation of the initial weights; 0: sqrt(2 / (5 hidden))"}});
}

void add_router(std::vector<ConfigKey>& keys, RouterConfig& router) {
  keys.insert(
      keys.end(),
      {{"router.gate", &router.gate,
        Choices{{"softmax_topk", "topk_softmax", "sigmoid", "noisy_topk", "expert_choice", "hash"}},
        fixed, "how tokens and experts are matched, see docs/train.md"},
       {"router.top_k", &router.top_k, Range{1, 1024}, fixed, "experts per token"},
       {"router.scale", &router.scale, Range{0, 1e6}, fixed, "of every weight"},
       {"router.normalize", &router.normalize, Anything{}, fixed,
        "sigmoid: a token's weights add up to router.scale"},
       {"router.bias_rate", &router.bias_rate, Range{0, 1}, free,
        "sigmoid: step of the balancing bias; 0: it rests"},
       {"router.jitter", &router.jitter, Range{0, 0.999}, free,
        "the gate reads its input times 1 +- this in training; 0: off"},
       {"router.groups", &router.groups, Range{1, 1 << 20}, fixed,
        "sets of neighbouring experts; 1: no groups"},
       {"router.group_experts", &router.group_experts, Range{0, 1 << 20}, fixed,
        "the groups by name, each a list of experts, in place of router.groups"},
       {"router.groups_per_token", &router.groups_per_token, Range{1, 1024}, fixed,
        "groups that a token's experts come from"},
       {"router.exchange", &router.exchange,
        Choices{{"flat", "shared_memory", "hierarchical", "pipelined", "auto"}}, free,
        "how rows travel, the bits are the same; auto is the fastest when measured"},
       {"router.payload", &router.payload, Choices{{"f32", "bf16", "int8"}}, fixed,
        "what a travelling row is rounded to"},
       {"router.exchange_chunks", &router.exchange_chunks, Range{1, 1024}, free,
        "pieces of a pipelined exchange"},
       {"router.ranks_per_node", &router.ranks_per_node, Range{0, 1 << 20}, free,
        "exchange as if nodes had so few ranks; 0: as they are"},
       {"router.extra_copies", &router.extra_copies, Range{0, 1 << 20}, free,
        "slots per layer for second copies of busy experts (train.placement_every)"},
       {"router.balance_loss", &router.balance_loss, Range{0, 1e6}, free, "coefficient; 0: off"},
       {"router.balance_over", &router.balance_over,
        Choices{{"sequence", "micro_batch", "global_batch"}}, fixed,
        "what the balance loss balances over"},
       {"router.z_loss", &router.z_loss, Range{0, 1e6}, free, "coefficient; 0: off"},
       {"router.capacity_factor", &router.capacity_factor, Range{0, 1e6}, free,
        "of an even share of a micro-batch, where an expert is full; 0: never"},
       {"router.drop", &router.drop, Choices{{"probability", "position"}}, free,
        "a full expert drops the least weights, or the last tokens"},
       {"router.allow_future_tokens", &router.allow_future_tokens, Anything{}, fixed,
        "let expert_choice route a token by those after it"},
       {"router.record", &router.record, Anything{}, free, "folder for every choice; empty: none"},
       {"router.replay", &router.replay, Anything{}, free,
        "folder of recorded choices to take again; empty: none"}});
}

void add_parallel(std::vector<ConfigKey>& keys, ParallelConfig& parallel) {
  keys.insert(keys.end(),
              {{"parallel.experts", &parallel.experts, AutoOrCount{}, free,
                "ranks that share one set of experts; auto: the most that fit"},
               {"parallel.elastic", &parallel.elastic, Anything{}, free,
                "a degree that does not divide the ranks becomes the largest that does"}});
}

void add_train(std::vector<ConfigKey>& keys, TrainConfig& train) {
  keys.insert(
      keys.end(),
      {{"train.steps", &train.steps, Range{1, many}, free, "optimizer steps of the whole run"},
       {"train.seed", &train.seed, Range{0, many}, fixed, "of initial weights and data order"},
       {"train.exact", &train.exact, Anything{}, free, "the same bits on any number of ranks"},
       {"train.precision", &train.precision, Choices{{"f32", "bf16"}}, free,
        "what matrix products round their operands to, see docs/precision.md"},
       {"train.moments", &train.moments, Choices{{"f32", "bf16"}}, fixed,
        "what AdamW's moments are kept in"},
       {"train.int8_forward", &train.int8_forward, Anything{}, free,
        "int8 products in the forward pass of linear layers"},
       {"train.int8_input_gradient", &train.int8_input_gradient, Anything{}, free,
        "likewise for the gradients of their inputs"},
       {"train.int8_weight_gradient", &train.int8_weight_gradient, Anything{}, free,
        "likewise for those of their weights; the most fragile"},
       {"train.global_batch_size", &train.global_batch_size, Range{1, 1 << 24}, fixed,
        "sequences per step, all ranks"},
       {"train.micro_batch_size", &train.micro_batch_size, Range{1, 1 << 20}, fixed,
        "sequences per forward and backward; divides global_batch_size"},
       {"train.learning_rate", &train.learning_rate, Range{0, 100}, free, "after warm-up"},
       {"train.min_learning_rate", &train.min_learning_rate, Range{0, 100}, free,
        "at the end of the cosine"},
       {"train.warmup_steps", &train.warmup_steps, Range{0, many}, free, "steps of linear warm-up"},
       {"train.weight_decay", &train.weight_decay, Range{0, 100}, free, "decoupled (AdamW)"},
       {"train.beta1", &train.beta1, Range{0, 0.999999}, free, "AdamW: of the mean gradient"},
       {"train.beta2", &train.beta2, Range{0, 0.999999}, free,
        "AdamW: of the mean squared gradient"},
       {"train.epsilon", &train.epsilon, Range{1e-30, 1}, free, "AdamW"},
       {"train.clip_norm", &train.clip_norm, Range{0, 1e12}, free,
        "limit of the global gradient norm; 0: none"},
       {"train.checkpoint_every", &train.checkpoint_every, Range{0, many}, free,
        "steps; 0: only at the end"},
       {"train.evaluate_every", &train.evaluate_every, Range{0, many}, free,
        "steps; 0: never while training"},
       {"train.placement_every", &train.placement_every, Range{0, many}, free,
        "steps after which experts move to where the load asks for them; 0: never"},
       {"train.log_every", &train.log_every, Range{1, many}, free,
        "steps between lines of metrics.jsonl"},
       {"train.recompute_layers", &train.recompute_layers, Range{0, 10000}, free,
        "so many of the first layers keep no activations and run forward again in backward"},
       {"train.load_factor", &train.load_factor, Range{1, 1e6}, free,
        "activations are sized for so many times an even share of rows; more grows them"}});
}

void add_checkpoint(std::vector<ConfigKey>& keys, CheckpointConfig& checkpoint) {
  keys.insert(
      keys.end(),
      {{"checkpoint.keep", &checkpoint.keep, Range{2, 1e6}, free,
        "newest good checkpoints to keep"},
       {"checkpoint.keep_every", &checkpoint.keep_every, Range{0, many}, free,
        "keep those of every K-th step too; 0: none"},
       {"checkpoint.keep_best", &checkpoint.keep_best, Range{0, 1e6}, free,
        "keep so many of the lowest validation losses too"},
       {"checkpoint.async", &checkpoint.async, Anything{}, free,
        "write behind the training, from a copy in memory"},
       {"checkpoint.write_rate", &checkpoint.write_rate, Range{0, many}, free,
        "bytes per second that a rank writes behind the training; 0: no "
        "limit"},
       {"checkpoint.local_dir", &checkpoint.local_dir, Anything{}, free,
        "folder on a disk of each node's own, for checkpoints between; empty: none"},
       {"checkpoint.local_every", &checkpoint.local_every, Range{0, many}, free,
        "steps between node-local checkpoints; 0: none"},
       {"checkpoint.local_set", &checkpoint.local_set, Range{2, 1024}, free,
        "nodes of a set, which bears the loss of one: 2 copies, more keep XOR parity"},
       {"checkpoint.local_ranks_per_node", &checkpoint.local_ranks_per_node, Range{0, 1 << 20},
        free, "node-local checkpoints as if nodes had so few ranks; 0: as they are"}});
}

void add_guard(std::vector<ConfigKey>& keys, GuardConfig& guard) {
  keys.insert(
      keys.end(),
      {{"guard.enabled", &guard.enabled, Anything{}, free,
        "keep NaN, Inf and spikes out of the weights; false: end the run at what is not finite"},
       {"guard.spike_sigma", &guard.spike_sigma, Range{0, 1e6}, free,
        "robust deviations of loss or gradient norm that are a spike; 0: none is"},
       {"guard.window", &guard.window, Range{4, 1e6}, free,
        "steps that a new one is compared with; from a quarter of them on"},
       {"guard.skips", &guard.skips, Range{0, many}, free,
        "batches left out one after the other, before going back"},
       {"guard.rewinds", &guard.rewinds, Range{0, many}, free,
        "times a run goes back to a checkpoint, before it ends with exit code 6"},
       {"guard.rewind_checkpoints", &guard.rewind_checkpoints, Range{1, 1e6}, free,
        "how many checkpoints back; at most checkpoint.keep"},
       {"guard.compare_every", &guard.compare_every, Range{0, many}, free,
        "steps between comparisons of the copies of parameters; 0: never"},
       {"guard.repeat_every", &guard.repeat_every, Range{0, many}, free,
        "steps between those computed twice and compared; 0: none is"}});
}

void add_watchdog(std::vector<ConfigKey>& keys, WatchdogConfig& watchdog) {
  keys.insert(keys.end(), {{"watchdog.enabled", &watchdog.enabled, Anything{}, free,
                            "end the job (exit code 76) when a rank is dead, silent or stuck"},
                           {"watchdog.peer_timeout", &watchdog.peer_timeout, Range{1, 1e6}, free,
                            "seconds of silence of a rank"},
                           {"watchdog.step_timeout", &watchdog.step_timeout, Range{0, 1e6}, free,
                            "seconds within one step; 0: the larger of 60 and 10 median steps"},
                           {"watchdog.interface", &watchdog.interface, Anything{}, free,
                            "network interface for heartbeats; empty: any"}});
}

void add_slurm(std::vector<ConfigKey>& keys, SlurmConfig& slurm) {
  keys.insert(keys.end(), {{"slurm.partition", &slurm.partition, Anything{}, free,
                            "for `switchyard submit`; empty: Slurm's default"},
                           {"slurm.account", &slurm.account, Anything{}, free, "likewise"},
                           {"slurm.options", &slurm.options, Anything{}, free,
                            "more of sbatch's options, separated by spaces"},
                           {"slurm.setup", &slurm.setup, Lines{}, free,
                            "lines of bash before the ranks start, such as module load"},
                           {"slurm.memory_per_node", &slurm.memory_per_node, Anything{}, free,
                            "of each node, such as \"64GiB\"; empty: what Slurm gives"}});
}

}  // namespace

std::vector<ConfigKey> config_keys(Config& config) {
  std::vector<ConfigKey> keys;
  add_run(keys, config.run);
  add_data(keys, config.data);
  add_model(keys, config.model);
  add_router(keys, config.router);
  add_parallel(keys, config.parallel);
  add_train(keys, config.train);
  add_checkpoint(keys, config.checkpoint);
  add_guard(keys, config.guard);
  add_watchdog(keys, config.watchdog);
  add_slurm(keys, config.slurm);
  return keys;
}

std::string_view nearest_key(const std::vector<ConfigKey>& keys, std::string_view name) {
  return nearest_name(keys, name, &ConfigKey::name).name;
}

}  // namespace switchyard
