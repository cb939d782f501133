#include "router/gate/gate.h"

#include <algorithm>
#include <cmath>

#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

// The rule reads `groups` for as long as it is used.
GateRule rule_of(const RouterConfig& config, const GroupMembers& groups) {
  GateRule rule{.scale = config.scale,
                .groups = num_groups(config),
                .groups_per_token = config.groups_per_token,
                .group_experts = groups.experts.data(),
                .group_begins = groups.begins.data()};
  if (config.gate == GateKind::sigmoid) {
    rule.weighing = config.normalize ? Weighing::sigmoid_normalized : Weighing::sigmoid;
  } else if (config.gate == GateKind::topk_softmax || config.gate == GateKind::noisy_topk) {
    rule.weighing = Weighing::topk_softmax;
  }
  return rule;
}

}  // namespace

Gate::Picking Gate::picking_of(GateKind gate) {
  if (gate == GateKind::noisy_topk) return Picking::noisy_best;
  if (gate == GateKind::expert_choice) return Picking::tokens;
  return gate == GateKind::hash ? Picking::by_hash : Picking::best;
}

Gate::Gate(Params& params, const std::string& name, const RouterConfig& config, std::int64_t hidden,
           int num_experts, double init_std, const GateInputs& inputs)
    : name_(name),
      config_(config),
      groups_(expert_groups(config, num_experts)),
      rule_(rule_of(config, groups_)),
      picking_(picking_of(config.gate)),
      balance_over_(config.balance_over),
      num_experts_(num_experts),
      inputs_(inputs) {
  check_router(config, num_experts);
  const Shape shape{num_experts, hidden};
  if (picking_ != Picking::by_hash) {
    router_ = Linear(params, {.name = name + ".router", .shape = shape, .init_std = init_std},
                     Bias::no, Precision::f32);
  }
  // Initially zero, as in Shazeer 2017: the noise starts with the same width for all experts.
  if (picking_ == Picking::noisy_best) {
    noise_ = params.declare({.name = name + ".router_noise", .shape = shape});
  }
  if (is_sigmoid(rule_.weighing)) bias_ = Buffer({num_experts}, DType::f32);
  if (balance_over_ == BalanceOver::global_batch) counts_ = Buffer({num_experts}, DType::i64);
}

RoutingSizes Gate::sizes_of(const RouterConfig& config, int num_experts, std::int64_t hidden,
                            std::int64_t tokens, bool training) {
  const Picking picking = picking_of(config.gate);
  return {.tokens = tokens,
          .hidden = hidden,
          .experts = num_experts,
          .choices = picking == Picking::tokens ? num_experts : config.top_k,
          .scores = picking != Picking::by_hash,
          .jitter = picking != Picking::by_hash && config.jitter > 0 && training,
          .noise = picking == Picking::noisy_best && training};
}

RoutingSizes Gate::sizes_for(const Batch& batch, Tensor x) const {
  RoutingSizes sizes = sizes_of(config_, num_experts_, x.cols(), x.rows(), batch.step >= 0);
  sizes.rank = router_.rank();
  return sizes;
}

void Gate::choose(const Params& params, const Batch& batch, Tensor x, Routing& routing,
                  Arena& arena, Stream& stream) const {
  const Span span(stream, "gate");
  const std::int64_t tokens = x.rows();
  routing.take(arena, sizes_for(batch, x));
  if (picking_ != Picking::by_hash) make_logits(params, batch, x, routing, stream);
  RoutingTape* tape = batch.step >= 0 && !x.empty() ? inputs_.tape : nullptr;
  const bool replayed = tape != nullptr && replay(*tape, batch, routing.expert, stream);
  if (!replayed && !x.empty()) pick(batch, routing, arena, stream);
  GateOps& ops = GateOps::on(stream.device());
  if (picking_ == Picking::by_hash) {
    HostWrite weight(routing.weight, stream);
    std::fill_n(weight.as<float>(), routing.weight.size(),
                config_.scale / static_cast<float>(config_.top_k));
    weight.send();
  } else {
    ops.weigh(rule_, routing.logits, routing.probability, routing.expert, routing.weight, stream);
  }
  if (config_.capacity_factor > 0 && batch.step >= 0 && !replayed) {
    ops.drop(routing.expert, routing.weight, num_experts_, capacity(tokens), config_.drop, stream);
  }
  if (tape != nullptr)
    tape->record(batch, inputs_.layer, HostRead(routing.expert, stream).tensor());
  tally(batch, routing, arena, stream);
}

bool Gate::replay(RoutingTape& tape, const Batch& batch, Tensor expert, Stream& stream) const {
  HostWrite taped(expert, stream);
  const bool replayed = tape.replay(batch, inputs_.layer, taped.tensor());
  if (replayed) taped.send();
  return replayed;
}

void Gate::make_logits(const Params& params, const Batch& batch, Tensor x, Routing& routing,
                       Stream& stream) const {
  const std::int64_t tokens = x.rows();
  GateOps& ops = GateOps::on(stream.device());
  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(0, batch.index) * tokens);
  const RoutingSizes sizes = sizes_for(batch, x);
  if (!sizes.jitter) {
    routing.input = x;
  } else {
    ops.jitter(random(Purpose::gate_jitter, batch), first * static_cast<std::uint64_t>(x.cols()),
               config_.jitter, x, routing.input, stream);
  }
  router_.forward(params, routing.input, routing.logits, stream, work(routing));
  if (sizes.noise) {
    matmul(routing.input, Op::plain, params.value(noise_), Op::transposed, routing.noise_slope,
           Write::replace, stream);
    ops.add_noise(random(Purpose::gate_noise, batch),
                  first * static_cast<std::uint64_t>(num_experts_), routing.noise_slope,
                  routing.logits, stream);
  }
  ops.score(rule_.weighing, routing.logits, routing.probability, routing.log_sum, stream);
}

void Gate::pick(const Batch& batch, Routing& routing, Arena& arena, Stream& stream) const {
  GateOps& ops = GateOps::on(stream.device());
  if (picking_ == Picking::by_hash) {
    ops.pick_by_hash(random(Purpose::gate_hash, {}), batch.tokens, num_experts_, routing.expert,
                     stream);
  } else if (picking_ == Picking::tokens) {
    ops.pick_tokens(routing.probability, capacity(routing.expert.rows()), routing.expert, stream);
  } else {
    ops.pick(rule_, routing.logits, routing.probability, on_device(bias_, arena, stream),
             routing.expert, stream);
  }
}

std::int64_t Gate::capacity(std::int64_t tokens) const {
  const double factor = picking_ == Picking::tokens ? 1.0 : config_.capacity_factor;
  const double rows =
      factor * static_cast<double>(tokens * config_.top_k) / static_cast<double>(num_experts_);
  // The margin keeps a product such as 1.1 * 10, which a double holds as a little more than 11.
  return std::min(tokens, static_cast<std::int64_t>(std::ceil(rows * (1.0 - 1e-9))));
}

Random Gate::random(Purpose purpose, const Batch& batch) const {
  const auto step = static_cast<std::uint64_t>(std::max<std::int64_t>(0, batch.step));
  return {inputs_.seed, purpose, step | static_cast<std::uint64_t>(inputs_.layer) << 50};
}

std::span<float> Gate::bias() const {
  if (bias_.tensor().empty()) return {};
  return {bias_.tensor().as<float>(), static_cast<std::size_t>(num_experts_)};
}

std::int64_t Gate::bias_bins_of(const RouterConfig& config) {
  return config.bias_update == BiasUpdate::quantile && config.bias_rate > 0 ? BiasBins::count : 0;
}

void Gate::finish_step(std::span<const std::int64_t> counts,
                       std::span<const std::int64_t> required_biases) {
  if (bias_bins_of(config_) > 0) {
    approach_quantiles(required_biases, config_.top_k, config_.bias_rate, bias());
  } else if (!bias_.tensor().empty() && config_.bias_rate > 0) {
    update_bias(config_.bias_update, counts, config_.bias_rate, bias());
  }
  if (!counts_.tensor().empty()) {
    std::copy(counts.begin(), counts.end(), counts_.tensor().as<std::int64_t>());
  }
}

std::vector<std::pair<std::string, Tensor>> Gate::state() const {
  std::vector<std::pair<std::string, Tensor>> state;
  if (!bias_.tensor().empty()) state.emplace_back(name_ + ".bias", bias_);
  if (!counts_.tensor().empty()) state.emplace_back(name_ + ".counts", counts_);
  return state;
}

}  // namespace switchyard
