// The ops of a gate between its logits and the choice of experts, forward and backward.
#include "bench/gpu_rows.h"
#include "router/gate/gate_ops.h"

namespace switchyard {
namespace {

// Tensors of a gate's size.
struct GateTensors {
  std::int64_t tokens, experts, k;
  Buffer logits, probability, log_sum, choice, weight;

  explicit GateTensors(const Gpu& gpu)
      : tokens(gpu.sizes().tokens),
        experts(gpu.sizes().experts),
        k(gpu.sizes().top_k),
        logits(gpu.normals({tokens, experts})),
        probability(gpu.empty({tokens, experts})),
        log_sum(gpu.empty({tokens})),
        choice(gpu.empty({tokens, k}, DType::i32)),
        weight(gpu.normals({tokens, k})) {}

  double bytes() const { return static_cast<double>(logits.tensor().bytes()); }
  double choice_bytes() const { return static_cast<double>(choice.tensor().bytes()); }
};

void measure_choice(Gpu& gpu, Roofline& roofline, const GateTensors& of) {
  GateOps& ops = GateOps::on(gpu.device());
  Stream& stream = gpu.stream();
  const Random random(1, Purpose::gate_noise);
  const Buffer width = gpu.normals({of.tokens, of.experts}),
               noisy = gpu.normals({of.tokens, of.experts});
  roofline.bytes("gate: noise", 4 * of.bytes(),
                 [&] { ops.add_noise(random, 0, width, noisy, stream); });
  roofline.bytes("gate: softmax", 2 * of.bytes(), [&] {
    ops.score(Weighing::softmax_topk, of.logits, of.probability, of.log_sum, stream);
  });
  roofline.bytes("gate: top-k", of.bytes(),
                 [&] { ops.pick({}, of.logits, of.probability, Tensor{}, of.choice, stream); });
  const Buffer token = gpu.counting(of.tokens, gpu.sizes().vocabulary, 7919),
               hashed = gpu.empty({of.tokens, of.k}, DType::i32);
  roofline.bytes("gate: hash", static_cast<double>(token.tensor().bytes()) + of.choice_bytes(),
                 [&] { ops.pick_by_hash(random, token, of.experts, hashed, stream); });
  roofline.bytes("gate: weights", 3 * of.choice_bytes(),
                 [&] { ops.weigh({}, of.logits, of.probability, of.choice, of.weight, stream); });
}

void measure_limits(Gpu& gpu, Roofline& roofline, const GateTensors& of) {
  GateOps& ops = GateOps::on(gpu.device());
  const Buffer taken = gpu.empty({of.tokens, of.experts}, DType::i32);
  roofline.bytes("capacity: experts choose", 2 * of.bytes(), [&] {
    ops.pick_tokens(of.probability, of.tokens * of.k / of.experts, taken, gpu.stream());
  });
  // No choice is dropped, so that the next run finds the same choices.
  roofline.bytes("capacity: choices dropped", 3 * of.choice_bytes(), [&] {
    ops.drop(of.choice, of.weight, of.experts, of.tokens * of.k, DropBy::probability, gpu.stream());
  });
}

void measure_backward(Gpu& gpu, Roofline& roofline, const GateTensors& of) {
  GateOps& ops = GateOps::on(gpu.device());
  const Buffer slope = gpu.normals({1, of.experts}), d_logits = gpu.empty({of.tokens, of.experts}),
               sums = gpu.empty({1, of.experts + 1}, DType::f64);
  Routing routing;
  routing.logits = of.logits;
  routing.probability = of.probability;
  routing.log_sum = of.log_sum;
  routing.expert = of.choice;
  roofline.bytes("gate, backward", 3 * of.bytes(), [&] {
    ops.choose_backward({}, routing, {of.weight, slope, 0.1F}, d_logits, gpu.stream());
  });
  roofline.bytes("gate: sums", of.bytes(),
                 [&] { ops.sum_probabilities(of.probability, of.log_sum, sums, gpu.stream()); });
}

}  // namespace

void measure_gates(Gpu& gpu, Roofline& roofline) {
  const Buffer x = gpu.normals({gpu.sizes().tokens, gpu.sizes().hidden}),
               out = gpu.empty(x.tensor().shape);
  roofline.bytes("gate: jitter", 2 * static_cast<double>(x.tensor().bytes()), [&] {
    GateOps::on(gpu.device())
        .jitter(Random(1, Purpose::gate_jitter), 0, 0.1F, x, out, gpu.stream());
  });
  const GateTensors of(gpu);
  measure_choice(gpu, roofline, of);
  measure_limits(gpu, roofline, of);
  measure_backward(gpu, roofline, of);
}

}  // namespace switchyard
