#include "launch/config/config_checks.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "io/files/nearest_name.h"
#include "io/text/byte_size.h"
#include "launch/config/config_problems.h"
#include "launch/config/sum_checks.h"
#include "model/param_role.h"
#include "runtime/error.h"
#include "runtime/product/matmul.h"
#include "train/step/schedule.h"

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
}

void check_ramp(const TrainConfig& train) {
  if (train.batch_ramp.empty()) return;
  (void)StepSamples(train.batch_ramp, train.global_batch_size, train.micro_batch_size);
  require(train.batch_ramp.back()[0] < train.steps, Exit::usage,
          "train.batch_ramp reaches train.global_batch_size at step {}, and the run has "
          "train.steps = {}",
          train.batch_ramp.back()[0], train.steps);
}

void check_phases(const Config& config) {
  check_phase_steps(config.data.phases);
  for (const auto& [name, phase] : config.data.phases) {
    require(phase.from < config.train.steps, Exit::usage,
            "data.phases.{}.from = {} is no step of train.steps = {}", name, phase.from,
            config.train.steps);
  }
}

void check_objective(const DataConfig& data) {
  const ObjectiveConfig& objective = data.objective;
  require(objective.fill_in_middle + objective.spans <= 1.0, Exit::usage,
          "data.fill_in_middle = {} and data.spans = {} are more than all pieces together: lower "
          "one of them",
          objective.fill_in_middle, objective.spans);
  require(!objective.rewrites() || data.loss_on == LossOn::all, Exit::usage,
          "data.fill_in_middle and data.spans move tokens of prompts and answers, so they need "
          "data.loss_on = \"all\"");
}

void check_warmup(const TrainConfig& train) {
  require(train.warmup_steps <= train.steps, Exit::usage,
          "train.warmup_steps = {} is more than train.steps = {}: the warm-up would never end",
          train.warmup_steps, train.steps);
}

void check_layer_list(const char* key, const std::vector<std::int64_t>& layers, int num_layers) {
  std::set<std::int64_t> seen;
  for (const std::int64_t layer : layers) {
    require(layer < num_layers, Exit::usage,
            "{} names layer {}, but model.num_layers = {}: the last one is {}", key, layer,
            num_layers, num_layers - 1);
    require(seen.insert(layer).second, Exit::usage, "{} names layer {} twice", key, layer);
  }
}

void check_rope(const RopeScaling& rope) {
  if (rope.type == RopeType::none) return;
  require(
      rope.original_length > 0, Exit::usage,
      "model.rope_type = \"{}\" needs model.rope_original_length: set it to the number of tokens "
      "of the texts before the scaling",
      name_of(rope.type));
  if (rope.type == RopeType::llama3) {
    require(rope.low_frequency_factor < rope.high_frequency_factor, Exit::usage,
            "model.rope_low_frequency_factor = {} is not less than "
            "model.rope_high_frequency_factor = {}: raise the second",
            rope.low_frequency_factor, rope.high_frequency_factor);
  } else {
    require(
        rope.beta_slow < rope.beta_fast, Exit::usage,
        "model.rope_beta_slow = {} is not less than model.rope_beta_fast = {}: raise the second",
        rope.beta_slow, rope.beta_fast);
    // The fastest wave turns once in 2 pi tokens.
    require(
        static_cast<double>(rope.original_length) > 6.2832 * rope.beta_slow, Exit::usage,
        "no wave turns model.rope_beta_slow = {} times in model.rope_original_length = {} tokens: "
        "lower the first or raise the second",
        rope.beta_slow, rope.original_length);
  }
}

void check_schedule(const TrainConfig& train) {
  if (train.schedule != RateSchedule::wsd) return;
  const std::int64_t decay = wsd_decay_steps(train);
  require(train.warmup_steps + decay <= train.steps, Exit::usage,
          "train.warmup_steps = {} and the {} steps in which train.schedule = \"wsd\" lowers the "
          "rate are more than train.steps = {}: lower train.warmup_steps or train.decay_steps",
          train.warmup_steps, decay, train.steps);
}

void check_model(const ModelConfig& model) {
  require(model.num_heads % model.num_kv_heads == 0, Exit::usage,
          "model.num_kv_heads = {} does not divide model.num_heads = {}: choose a divisor",
          model.num_kv_heads, model.num_heads);
  require(model.head_dim % 2 == 0, Exit::usage,
          "model.head_dim = {} is odd: the rotary embedding takes pairs of elements; choose an "
          "even number",
          model.head_dim);
  check_layer_list("model.dense_layers", model.dense_layers, model.num_layers);
  check_layer_list("model.window_layers", model.window_layers, model.num_layers);
  check_layer_list("dropout.layers", model.dropout.layers, model.num_layers);
}

void check_checkpoints(const CheckpointConfig& checkpoint) {
  require(
      checkpoint.local_every == 0 || !checkpoint.local_dir.empty(), Exit::usage,
      "checkpoint.local_every = {} needs checkpoint.local_dir: name a folder on a node-local disk",
      checkpoint.local_every);
}

void check_early_stop(const Config& config) {
  if (config.train.patience == 0) return;
  require(config.train.evaluate_every > 0, Exit::usage,
          "train.patience = {} counts evaluations, and train.evaluate_every = 0 makes none: set "
          "train.evaluate_every",
          config.train.patience);
  require(config.checkpoint.keep_best > 0, Exit::usage,
          "train.patience = {} goes on after the best checkpoint, and checkpoint.keep_best = 0 "
          "would let it be deleted: set checkpoint.keep_best = 1",
          config.train.patience);
}

void check_rates(const TrainConfig& train) {
  require(
      train.min_learning_rate <= train.learning_rate || train.schedule == RateSchedule::constant,
      Exit::usage,
      "train.min_learning_rate = {} is more than train.learning_rate = {}, so the rate would "
      "climb after the warm-up: lower train.min_learning_rate too",
      train.min_learning_rate, train.learning_rate);
  require(train.learning_rate * train.weight_decay < 1.0, Exit::usage,
          "train.learning_rate = {} times train.weight_decay = {} is 1 or more, so each step would "
          "take all of a weight away: lower one of them",
          train.learning_rate, train.weight_decay);
}

void check_roles(const char* key, const RoleFactors& factors) {
  for (const auto& [name, factor] : factors) {
    require(value_named<ParamRole>(name).has_value(), Exit::usage,
            "{}.{}: there is no role {}; did you mean {}? The roles are {}", key, name, name,
            nearest_name(names_of<ParamRole>, name), fmt::join(names_of<ParamRole>, ", "));
  }
}

// The factors of one role belong together; those of layers are at most 1.
void check_role_decay(const TrainConfig& train) {
  for (const std::string_view role : names_of<ParamRole>) {
    const auto factor = [&](const RoleFactors& factors) {
      const auto found = factors.find(std::string(role));
      return found == factors.end() ? 1.0 : found->second;
    };
    const double rate = train.learning_rate * factor(train.rates),
                 decay = train.weight_decay * factor(train.decays);
    require(rate * decay < 1.0, Exit::usage,
            "the learning rate {} of the role {} times its weight decay {} is 1 or more, so each "
            "step would take all of a weight away: lower train.rates.{} or train.decays.{}",
            rate, role, decay, role, role);
  }
}

// A single weight that is divided by itself is 1 whatever the scores are.
void check_gradient_of_gate(const RouterConfig& router, const ModelConfig& model) {
  const bool adds_up_to_one = router.gate == GateKind::topk_softmax ||
                              router.gate == GateKind::noisy_topk ||
                              (router.gate == GateKind::sigmoid && router.normalize);
  const bool routes = model.num_experts > 1 && !is_all_dense(model);
  require(router.top_k > 1 || !adds_up_to_one || !routes, Exit::usage,
          "router.top_k = 1 with router.gate = \"{}\" gives every expert the weight 1, so the "
          "router would learn nothing from the loss: use router.gate = \"softmax_topk\"{} or a "
          "larger router.top_k",
          name_of(router.gate),
          router.gate == GateKind::sigmoid ? ", router.normalize = false" : "");
}

void note_shape(const Config& config, ConfigProblems& problems) {
  problems.note([&] { check_batches(config.train, config.data); });
  problems.note([&] { check_model(config.model); });
  problems.note([&] { check_rope(config.model.rope); });
  problems.note([&] { check_low_rank(config.model); });
  problems.note([&] { check_adapter(config.model); });
  problems.note([&] { check_mtp(config.model); });
  problems.note([&] {
    if (config.model.num_experts > 0) check_router(config.router, config.model.num_experts);
  });
}

}  // namespace

std::int64_t vocabulary_of(const ModelConfig& model, std::int64_t num_ids) {
  require(model.vocabulary == 0 || model.vocabulary >= num_ids, Exit::usage,
          "model.vocabulary = {} has no rows for all {} ids of the tokenizer: use {} or more, or 0 "
          "for as many as the tokenizer has",
          model.vocabulary, num_ids, num_ids);
  return std::max(model.vocabulary, num_ids);
}

void check_shape(const Config& config) {
  ConfigProblems problems;
  note_shape(config, problems);
  problems.report();
}

void check_config(const Config& config) {
  ConfigProblems problems;
  problems.note([&] {
    require(!config.run.directory.empty(), Exit::usage,
            "run.directory is empty: name a folder for the run");
  });
  problems.note([&] {
    if (config.slurm.memory_per_node.empty()) return;
    parse_byte_size(config.slurm.memory_per_node, "slurm.memory_per_node");
  });
  note_shape(config, problems);
  problems.note([&] { check_matrix_updates(config); });
  problems.note([&] { check_dropout(config); });
  problems.note([&] { check_islands(config); });
  problems.note([&] { check_values(config); });
  problems.note([&] { check_warmup(config.train); });
  problems.note([&] { check_ramp(config.train); });
  problems.note([&] { check_phases(config); });
  problems.note([&] { check_objective(config.data); });
  problems.note([&] { check_schedule(config.train); });
  problems.note([&] { check_rates(config.train); });
  problems.note([&] { check_roles("train.rates", config.train.rates); });
  problems.note([&] { check_roles("train.decays", config.train.decays); });
  if (config.train.learning_rate * config.train.weight_decay < 1.0)
    problems.note([&] { check_role_decay(config.train); });
  problems.note([&] { check_gradient_of_gate(config.router, config.model); });
  problems.note([&] {
    require(config.guard.rewind_checkpoints <= config.checkpoint.keep, Exit::usage,
            "guard.rewind_checkpoints = {} is more than checkpoint.keep = {}: lower the first or "
            "raise the second",
            config.guard.rewind_checkpoints, config.checkpoint.keep);
  });
  problems.note([&] { check_checkpoints(config.checkpoint); });
  problems.note([&] { check_early_stop(config); });
  problems.report();
}

}  // namespace switchyard
