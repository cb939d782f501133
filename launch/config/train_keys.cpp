#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(TrainConfig& train) {
  return {
      {"train.steps", &train.steps, Range{1, max_count}, Resume::free,
       "optimizer steps of the whole run"},
      {"train.seed", &train.seed, Range{0, max_count}, Resume::fixed,
       "of initial weights and data order"},
      {"train.exact", &train.exact, Anything{}, Resume::free,
       "the same bits on any number of ranks"},
      {"train.precision", &train.precision, Anything{}, Resume::free,
       "what matrix products round their operands to, see docs/precision.md"},
      {"train.moments", &train.moments, Anything{}, Resume::fixed,
       "what AdamW's moments are kept in"},
      {"train.int8_forward", &train.int8_forward, Anything{}, Resume::free,
       "int8 products in the forward pass of linear layers"},
      {"train.int8_input_gradient", &train.int8_input_gradient, Anything{}, Resume::free,
       "likewise for the gradients of their inputs"},
      {"train.int8_weight_gradient", &train.int8_weight_gradient, Anything{}, Resume::free,
       "likewise for those of their weights; the most fragile"},
      {"train.global_batch_size", &train.global_batch_size, Range{1, 1 << 24}, Resume::fixed,
       "sequences per step, all ranks"},
      {"train.micro_batch_size", &train.micro_batch_size, Range{1, 1 << 20}, Resume::fixed,
       "sequences per forward and backward; divides global_batch_size"},
      {"train.learning_rate", &train.learning_rate, Range{0, 100}, Resume::free, "after warm-up"},
      {"train.min_learning_rate", &train.min_learning_rate, Range{0, 100}, Resume::free,
       "at the end of the cosine"},
      {"train.warmup_steps", &train.warmup_steps, Range{0, max_count}, Resume::free,
       "steps of linear warm-up"},
      {"train.weight_decay", &train.weight_decay, Range{0, 100}, Resume::free, "decoupled (AdamW)"},
      {"train.beta1", &train.beta1, Range{0, 0.999999}, Resume::free,
       "AdamW: of the mean gradient"},
      {"train.beta2", &train.beta2, Range{0, 0.999999}, Resume::free,
       "AdamW: of the mean squared gradient"},
      {"train.epsilon", &train.epsilon, Range{1e-30, 1}, Resume::free, "AdamW"},
      {"train.clip_norm", &train.clip_norm, Range{0, 1e12}, Resume::free,
       "limit of the global gradient norm; 0: none"},
      {"train.checkpoint_every", &train.checkpoint_every, Range{0, max_count}, Resume::free,
       "steps; 0: only at the end"},
      {"train.evaluate_every", &train.evaluate_every, Range{0, max_count}, Resume::free,
       "steps; 0: never while training"},
      {"train.placement_every", &train.placement_every, Range{0, max_count}, Resume::free,
       "steps after which experts move to where the load asks for them; 0: never"},
      {"train.log_every", &train.log_every, Range{1, max_count}, Resume::free,
       "steps between lines of metrics.jsonl"},
      {"train.recompute_layers", &train.recompute_layers, Range{0, 10000}, Resume::free,
       "so many of the first layers keep no activations and run forward again in backward"},
      {"train.load_factor", &train.load_factor, Range{1, 1e6}, Resume::free,
       "activations are sized for so many times an even share of rows; more grows them"}};
}

}  // namespace switchyard
