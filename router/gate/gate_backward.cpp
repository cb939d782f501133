#include "router/gate/gate.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"
#include "runtime/product/matmul.h"

namespace switchyard {

Gate::BackwardScratch Gate::BackwardScratch::take(Arena& arena, const RoutingSizes& sizes) {
  return {arena.take({sizes.tokens, sizes.experts}),
          sizes.jitter ? arena.take({sizes.tokens, sizes.hidden}) : Tensor{}};
}

AuxiliaryLosses Gate::backward(Params& params, const Batch& batch, const Routing& routing,
                               const GateGradients& gradients, Arena& arena, Stream& stream) const {
  const Span span(stream, "gate");
  const std::int64_t tokens = routing.expert.rows();
  if (tokens == 0 || picking_ == Picking::by_hash) return {};
  GateOps& ops = GateOps::on(stream.device());
  const std::int64_t runs = num_runs(batch, tokens);
  const Balance balance = balance_of(routing, runs, gradients.share);
  const double z =
      static_cast<double>(config_.z_loss) * gradients.share / static_cast<double>(tokens);

  const auto scratch = BackwardScratch::take(arena, sizes_for(batch, gradients.d_x));
  const GateSlopes slopes{
      gradients.d_weight,
      on_device(tensor_of(balance.slope.data(), {runs, num_experts_}), arena, stream),
      static_cast<float>(2.0 * z)};
  ops.choose_backward(rule_, routing, slopes, scratch.d_logits, stream);
  add_product_gradients(params, batch, routing, scratch, gradients.d_x, stream);
  return {balance.loss, z * routing.log_sum_squares};
}

Balance Gate::balance_of(const Routing& routing, std::int64_t runs, double share) const {
  const double coefficient = static_cast<double>(config_.balance_loss) * share;
  std::span<const std::int64_t> counts = routing.wanted_of_runs;
  if (balance_over_ == BalanceOver::global_batch)
    counts = {counts_.tensor().as<std::int64_t>(), static_cast<std::size_t>(num_experts_)};
  return balance_loss(coefficient, counts, routing.probability_of_runs, num_experts_,
                      routing.expert.rows() / runs);
}

void Gate::add_product_gradients(Params& params, const Batch& batch, const Routing& routing,
                                 const BackwardScratch& scratch, Tensor d_x, Stream& stream) const {
  const bool jittered = !scratch.d_input.empty();
  const Tensor d_logits = scratch.d_logits, d_input = jittered ? scratch.d_input : d_x;
  const Write write = jittered ? Write::replace : Write::add;
  router_.weight_gradient(params, d_logits, routing.input, stream, work(routing));
  router_.input_gradient(params, d_logits, d_input, write, stream, work(routing));
  GateOps& ops = GateOps::on(stream.device());
  if (!routing.noise_slope.empty()) {
    const Tensor d_width = routing.noise_slope;
    ops.multiply(d_logits, d_width, stream);
    params.add_gradient_product(noise_, d_width, routing.input, stream);
    matmul(d_width, Op::plain, params.value(noise_), Op::plain, d_input, Write::add, stream);
  }
  if (!jittered) return;
  const auto first = static_cast<std::uint64_t>(batch.index * d_x.size());
  ops.jitter(random(Purpose::gate_jitter, batch), first, config_.jitter, d_input, d_input, stream);
  RuntimeOps::on(stream.device()).add(d_input, d_x, stream);
}

}  // namespace switchyard
