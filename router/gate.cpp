#include "router/gate.h"

#include "runtime/matmul.h"
#include "runtime/trace.h"

namespace switchyard {
namespace {

GateOrder order_of(const std::string& name) {
  if (name == "softmax_topk") return GateOrder::softmax_topk;
  require(name == "topk_softmax", Exit::usage,
          "router.gate = \"{}\": it is \"softmax_topk\" or \"topk_softmax\"", name);
  return GateOrder::topk_softmax;
}

}  // namespace

Gate::Gate(Params& params, const std::string& name, const RouterConfig& config, std::int64_t hidden,
           int num_experts, double init_std)
    : config_(config), order_(order_of(config.gate)), num_experts_(num_experts) {
  require(config.top_k >= 1 && config.top_k <= num_experts, Exit::usage,
          "router.top_k = {}: a token chooses between 1 and model.num_experts = {} experts",
          config.top_k, num_experts);
  router_ = params.declare(
      {.name = name + ".router", .shape = {num_experts, hidden}, .init_std = init_std});
}

void Gate::choose(const Params& params, Tensor x, Routing& routing, Arena& arena,
                  Stream& stream) const {
  const Span span(stream, "gate");
  const std::int64_t tokens = x.rows();
  routing.logits = arena.take({tokens, num_experts_});
  routing.probability = arena.take({tokens, num_experts_});
  routing.log_sum = arena.take({tokens});
  routing.expert = arena.take({tokens, config_.top_k}, DType::i32);
  routing.weight = arena.take({tokens, config_.top_k});
  matmul(x, Op::plain, params.value(router_), Op::transposed, routing.logits, Write::replace,
         stream);
  RouterOps::on(stream.device())
      .choose(routing.logits, order_, routing.probability, routing.log_sum, routing.expert,
              routing.weight, stream);
  routing.counts.assign(static_cast<std::size_t>(num_experts_), 0);
  const auto* expert = routing.expert.as<std::int32_t>();
  for (std::int64_t i = 0; i < routing.expert.size(); ++i)
    ++routing.counts[static_cast<std::size_t>(expert[i])];
}

AuxiliaryLosses Gate::backward(Params& params, Tensor x, const Routing& routing, Tensor d_weight,
                               double share, Tensor d_x, Arena& arena, Stream& stream) const {
  const Span span(stream, "gate");
  const auto tokens = static_cast<double>(x.rows());
  if (x.empty()) return {};
  RouterOps& ops = RouterOps::on(stream.device());
  const auto experts = static_cast<std::size_t>(num_experts_);
  std::vector<double> probability_sums(experts);
  const double log_sum_squares =
      ops.sum_probabilities(routing.probability, routing.log_sum, probability_sums, stream);

  AuxiliaryLosses losses;
  std::vector<float> slope(experts);
  const double balance = static_cast<double>(config_.balance_loss) * share * num_experts_;
  for (std::size_t e = 0; e < experts; ++e) {
    const double fraction = static_cast<double>(routing.counts[e]) / (tokens * config_.top_k);
    losses.balance += balance * fraction * probability_sums[e] / tokens;
    slope[e] = static_cast<float>(balance * fraction / tokens);
  }
  const double z = static_cast<double>(config_.z_loss) * share / tokens;
  losses.z = z * log_sum_squares;

  const Tensor d_logits = arena.take(routing.logits.shape);
  ops.choose_backward(routing.probability, routing.log_sum, routing.expert, routing.weight, order_,
                      d_weight, slope, static_cast<float>(2.0 * z), d_logits, stream);
  params.add_gradient_product(router_, d_logits, x, stream);
  matmul(d_logits, Op::plain, params.value(router_), Op::plain, d_x, Write::add, stream);
  return losses;
}

}  // namespace switchyard
