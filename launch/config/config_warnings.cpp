#include "launch/config/config_warnings.h"

#include <fmt/format.h>

#include <numeric>
#include <tuple>

#include "launch/config/config_table.h"
#include "launch/config/config_values.h"
#include "router/groups.h"

namespace switchyard {
namespace {

// A key, or a table of keys if the name ends in a dot, that does nothing while `idle`.
struct IdleKey {
  std::string_view name;
  bool (*idle)(const Config& config);
  const char* why;
};

bool all_dense(const Config& config) { return is_all_dense(config.model); }

bool no_experts(const Config& config) { return config.model.num_experts == 0; }

bool has_balance_loss(const Config& config) {
  return config.router.gate != GateKind::hash && config.router.gate != GateKind::expert_choice;
}

bool takes_every_group(const Config& config) {
  return config.router.groups_per_token == num_groups(config.router);
}

bool masks_no_weights(const Config& config) { return config.model.dropout.weights == 0; }

bool saves_locally(const Config& config) { return config.checkpoint.local_every > 0; }

bool has_plain_rope(const Config& config) { return config.model.rope.type == RopeType::none; }
bool is_not_llama3(const Config& config) { return config.model.rope.type != RopeType::llama3; }
bool is_not_yarn(const Config& config) { return config.model.rope.type != RopeType::yarn; }

// The first that fits says why.
constexpr IdleKey idle_keys[] = {
    {"router.", no_experts, "model.num_experts is 0"},
    {"model.dense_layers", no_experts, "model.num_experts = 0 makes every layer dense"},
    {"model.expert_hidden", no_experts, "model.num_experts is 0"},
    {"model.shared_expert_hidden", no_experts, "model.num_experts is 0"},
    {"model.shared_expert_gate", no_experts, "model.num_experts is 0"},
    {"parallel.", no_experts, "model.num_experts is 0"},
    {"train.placement_every", no_experts, "model.num_experts is 0"},
    {"router.", all_dense, "model.dense_layers names every layer"},
    {"model.num_experts", [](const Config& c) { return all_dense(c) && !no_experts(c); },
     "model.dense_layers names every layer"},
    {"model.expert_hidden", all_dense, "model.dense_layers names every layer"},
    {"model.shared_expert_hidden", all_dense, "model.dense_layers names every layer"},
    {"model.shared_expert_gate", all_dense, "model.dense_layers names every layer"},
    {"model.shared_expert_gate", [](const Config& c) { return c.model.shared_expert_hidden == 0; },
     "model.shared_expert_hidden = 0 makes no shared expert"},
    {"parallel.", all_dense, "model.dense_layers names every layer"},
    {"train.placement_every", all_dense, "model.dense_layers names every layer"},
    {"model.ffn_hidden", [](const Config& c) { return num_dense_layers(c.model) == 0; },
     "model.dense_layers names no layer"},
    {"model.window", [](const Config& c) { return c.model.window >= c.data.sequence_length; },
     "no row of data.sequence_length has more tokens"},
    {"model.window_layers", [](const Config& c) { return c.model.window == 0; },
     "model.window is 0"},
    {"model.rope_factor", has_plain_rope, "model.rope_type is \"none\""},
    {"model.rope_original_length", has_plain_rope, "model.rope_type is \"none\""},
    {"model.rope_low_frequency_factor", is_not_llama3, "model.rope_type is not \"llama3\""},
    {"model.rope_high_frequency_factor", is_not_llama3, "model.rope_type is not \"llama3\""},
    {"model.rope_beta_fast", is_not_yarn, "model.rope_type is not \"yarn\""},
    {"model.rope_beta_slow", is_not_yarn, "model.rope_type is not \"yarn\""},
    {"model.rope_attention_factor", is_not_yarn, "model.rope_type is not \"yarn\""},
    {"model.rope_truncate", is_not_yarn, "model.rope_type is not \"yarn\""},
    {"model.rope_type",
     [](const Config& c) {
       return c.model.rope.factor == 1.0 && c.model.rope.attention_factor == 0;
     },
     "model.rope_factor is 1"},
    {"adapter.", [](const Config& c) { return c.model.adapter.rank == 0; },
     "adapter.rank = 0 makes no adapters"},
    {"low_rank.layers", [](const Config& c) { return c.model.low_rank.rank == 0; },
     "low_rank.rank is 0"},
    {"train.guide_steps", [](const Config& c) { return c.model.low_rank.rank == 0; },
     "low_rank.rank is 0"},
    {"train.guide_skips", [](const Config& c) { return c.train.guide_steps == 0; },
     "train.guide_steps is 0"},
    {"train.int8_rounding", [](const Config& c) { return c.train.values == ValueFormat::f32; },
     "train.values is \"f32\""},
    {"train.mtp_weight", [](const Config& c) { return c.model.mtp_depth == 0; },
     "model.mtp_depth is 0"},
    {"train.momentum", [](const Config& c) { return c.train.optimizer == MatrixOptimizer::adamw; },
     "train.optimizer is \"adamw\""},
    {"galore.", [](const Config& c) { return c.train.galore.rank == 0; },
     "galore.rank = 0 leaves AdamW as it is"},
    {"dropout.weights_kind", masks_no_weights, "dropout.weights is 0"},
    {"dropout.weights_share", masks_no_weights, "dropout.weights is 0"},
    {"dropout.layers", masks_no_weights, "dropout.weights is 0"},
    {"router.drop", [](const Config& c) { return c.router.capacity_factor == 0; },
     "router.capacity_factor = 0 drops no choice"},
    {"router.bias_update", [](const Config& c) { return c.router.bias_rate == 0; },
     "router.bias_rate is 0"},
    {"router.balance_over", [](const Config& c) { return c.router.balance_loss == 0; },
     "router.balance_loss is 0"},
    {"router.balance_loss", [](const Config& c) { return !has_balance_loss(c); },
     "router.gate has no balance loss"},
    {"router.z_loss", [](const Config& c) { return c.router.gate == GateKind::hash; },
     "router.gate = \"hash\" has no logits"},
    {"router.cluster", [](const Config& c) { return c.router.exchange != ExchangeKind::automatic; },
     "router.exchange is not \"auto\""},
    {"router.exchange_chunks",
     [](const Config& c) {
       return c.router.exchange != ExchangeKind::pipelined &&
              c.router.exchange != ExchangeKind::automatic;
     },
     "router.exchange is not \"pipelined\""},
    {"router.extra_copies", [](const Config& c) { return c.train.placement_every == 0; },
     "train.placement_every = 0 gives no expert a replica by its load"},
    {"router.guest_slots",
     [](const Config& c) { return c.router.balance_step == StepBalance::off; },
     "router.balance_step is \"off\""},
    {"router.balance_step", [](const Config& c) { return c.parallel.experts == "1"; },
     "parallel.experts = 1 puts every expert on each rank"},
    {"router.allow_future_tokens",
     [](const Config& c) { return c.router.gate != GateKind::expert_choice; },
     "router.gate is not \"expert_choice\""},
    {"router.groups", takes_every_group, "router.groups_per_token allows a token every group"},
    {"router.group_experts", takes_every_group,
     "router.groups_per_token allows a token every group"},
    {"train.min_learning_rate",
     [](const Config& c) { return c.train.warmup_steps == c.train.steps; },
     "train.warmup_steps takes all of train.steps"},
    {"train.min_learning_rate",
     [](const Config& c) { return c.train.schedule == RateSchedule::constant; },
     "train.schedule is \"constant\""},
    {"train.decay_steps", [](const Config& c) { return c.train.schedule != RateSchedule::wsd; },
     "train.schedule is not \"wsd\""},
    {"train.decay_shape", [](const Config& c) { return c.train.schedule != RateSchedule::wsd; },
     "train.schedule is not \"wsd\""},
    {"train.evaluate_every", [](const Config& c) { return c.train.evaluate_every > c.train.steps; },
     "it is more than train.steps, so no step is evaluated"},
    {"train.min_improvement", [](const Config& c) { return c.train.patience == 0; },
     "train.patience = 0 ends no run early"},
    {"train.placement_every",
     [](const Config& c) { return c.train.placement_every >= c.train.steps; },
     "no step of train.steps follows a placement"},
    {"checkpoint.keep_best", [](const Config& c) { return c.train.evaluate_every == 0; },
     "train.evaluate_every = 0 evaluates no checkpoint"},
    {"checkpoint.write_rate", [](const Config& c) { return !c.checkpoint.async; },
     "checkpoint.async = false writes while training waits"},
    {"checkpoint.local_set", [](const Config& c) { return !saves_locally(c); },
     "checkpoint.local_every is 0"},
    {"checkpoint.local_ranks_per_node", [](const Config& c) { return !saves_locally(c); },
     "checkpoint.local_every is 0"},
    {"run.tf32", [](const Config& c) { return c.run.device == Device::Kind::cpu; },
     "run.device is \"cpu\""},
    {"train.placement_every", [](const Config& c) { return c.parallel.experts == "1"; },
     "parallel.experts = 1 puts every expert on each rank"},
    {"guard.", [](const Config& c) { return !c.guard.enabled; }, "guard.enabled is false"},
    {"guard.window", [](const Config& c) { return c.guard.spike_sigma == 0; },
     "guard.spike_sigma = 0 compares no step with it"},
    {"guard.window", [](const Config& c) { return c.guard.window >= 4 * c.train.steps; },
     "a quarter of it must be filled, and train.steps does not"},
    {"watchdog.", [](const Config& c) { return !c.watchdog.enabled; }, "watchdog.enabled is false"},
};

bool names(const IdleKey& idle, std::string_view key) {
  return idle.name.ends_with('.') ? key.starts_with(idle.name) && !key.ends_with(".enabled")
                                  : key == idle.name;
}

void add_idle_keys(const Config& config, std::vector<std::string>& warnings) {
  Config mine = config, defaults;
  const std::vector<ConfigKey> keys = config_keys(mine), default_keys = config_keys(defaults);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string value = value_text(keys[i]);
    if (value == value_text(default_keys[i])) continue;
    for (const IdleKey& idle : idle_keys) {
      if (!names(idle, keys[i].name) || !idle.idle(config)) continue;
      warnings.push_back(fmt::format("{} = {} does nothing: {}", keys[i].name, value, idle.why));
      break;
    }
  }
}

// Evaluations and checkpoints that are out of step leave some of the best losses without a
// checkpoint.
void add_checkpoints(const Config& config, std::vector<std::string>& warnings) {
  const auto [keep_every, keep_best, every, evaluate_every] =
      std::tuple(config.checkpoint.keep_every, config.checkpoint.keep_best,
                 config.train.checkpoint_every, config.train.evaluate_every);
  const bool saves_the_best = config.train.patience > 0;  // where it was evaluated
  if (keep_best > 0 && evaluate_every > 0 && every == 0 && !saves_the_best) {
    warnings.push_back(fmt::format(
        "checkpoint.keep_best = {} keeps nothing more: train.checkpoint_every = 0 saves only at "
        "the end",
        keep_best));
  } else if (keep_best > 0 && evaluate_every > 0 && !saves_the_best &&
             every % evaluate_every != 0 && evaluate_every % every != 0) {
    warnings.push_back(fmt::format(
        "checkpoint.keep_best = {} can choose only among the checkpoints of every {}-th step: the "
        "others are not evaluated, because neither train.evaluate_every = {} nor "
        "train.checkpoint_every = {} is a multiple of the other",
        keep_best, std::lcm(every, evaluate_every), evaluate_every, every));
  }
  if (keep_every > 0 && every > 0 && keep_every % every != 0) {
    warnings.push_back(
        fmt::format("checkpoint.keep_every = {} is no multiple of train.checkpoint_every = {}: "
                    "only the checkpoints of every {}-th step stay",
                    keep_every, every, std::lcm(keep_every, every)));
  }
  if (saves_locally(config) && every > 0 && config.checkpoint.local_every % every == 0) {
    warnings.push_back(
        fmt::format("checkpoint.local_every = {} saves nothing: at each of these steps "
                    "train.checkpoint_every = {} saves to the run directory",
                    config.checkpoint.local_every, every));
  }
}

void add_routing(const Config& config, std::vector<std::string>& warnings) {
  if (all_dense(config)) return;
  const RouterConfig& router = config.router;
  if (config.model.num_experts == 1)
    warnings.emplace_back("model.num_experts = 1: every token visits the same expert");
  if (config.model.num_experts > 1 && router.top_k == config.model.num_experts) {
    warnings.push_back(fmt::format(
        "router.top_k = {} is model.num_experts: every token visits every expert", router.top_k));
  }
  if (router.force != ForcedRouting::off)
    warnings.push_back(
        fmt::format("router.force = \"{}\" replaces the choices of the gates: the "
                    "run measures speed, and its model is of no use",
                    name_of(router.force)));
  if (router.capacity_factor > 0 && router.capacity_factor < 1) {
    warnings.push_back(
        fmt::format("router.capacity_factor = {} drops at least {:.0f} % of the choices, however "
                    "even the load is",
                    router.capacity_factor, 100.0 * (1.0 - router.capacity_factor)));
  }
}

void add_sums(const Config& config, std::vector<std::string>& warnings) {
  const ModelConfig& model = config.model;
  if (model.adapter.rank > 0 && config.train.initial.empty())
    warnings.push_back(
        fmt::format("adapter.rank = {} without train.initial: the adapters train beside random "
                    "weights that do not change",
                    model.adapter.rank));
  if (model.adapter.rank > 0 && config.router.gate == GateKind::sigmoid &&
      config.router.bias_rate > 0 && !all_dense(config))
    warnings.push_back(
        fmt::format("router.bias_rate = {} moves the gates' biases beside the adapters, and files "
                    "of adapters do not hold them: set it to 0",
                    config.router.bias_rate));
  const std::int64_t inner = num_dense_layers(model) > 0 ? model.ffn_hidden : model.expert_hidden;
  if (model.low_rank.rank * (model.hidden + inner) >= model.hidden * inner)
    warnings.push_back(
        fmt::format("low_rank.rank = {} gives a matrix of {} x {} no fewer parameters",
                    model.low_rank.rank, model.hidden, inner));
}

void add_rope(const Config& config, std::vector<std::string>& warnings) {
  const RopeScaling& rope = config.model.rope;
  const double length = static_cast<double>(rope.original_length) * rope.factor;
  if (rope.type == RopeType::none || static_cast<double>(config.data.sequence_length) <= length)
    return;
  warnings.push_back(
      fmt::format("data.sequence_length = {} is more than model.rope_original_length = {} times "
                  "model.rope_factor = {}: rows are longer than the scaling is for",
                  config.data.sequence_length, rope.original_length, rope.factor));
}

}  // namespace

std::vector<std::string> config_warnings(const Config& config) {
  std::vector<std::string> warnings;
  add_idle_keys(config, warnings);
  add_checkpoints(config, warnings);
  add_routing(config, warnings);
  add_rope(config, warnings);
  add_sums(config, warnings);
  if (config.train.decays.contains("norms"))
    warnings.emplace_back("train.decays.norms does nothing: norms have no weight decay");
  if (config.train.learning_rate == 0) {
    warnings.emplace_back("train.learning_rate = 0: the weights do not change");
  }
  if (config.train.recompute_layers > num_blocks(config.model)) {
    warnings.push_back(fmt::format(
        "train.recompute_layers = {} is more than model.num_layers = {}{}",
        config.train.recompute_layers, config.model.num_layers,
        config.model.mtp_depth == 0
            ? ""
            : fmt::format(" and model.mtp_depth = {} together", config.model.mtp_depth)));
  }
  return warnings;
}

}  // namespace switchyard
