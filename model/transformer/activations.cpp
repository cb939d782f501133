#include "model/transformer/activations.h"

#include <fmt/format.h>
#include <algorithm>

#include <array>
#include <cmath>
#include <string>

#include "model/blocks/block.h"
#include "model/head/loss_head.h"
#include "model/linear_terms.h"
#include "model/ops.h"
#include "router/mixture/layer_memory.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

ExpectedRows expected_rows(const ModelConfig& model, const RouterConfig& router,
                           const ActivationInputs& inputs, Device device) {
  ExpectedRows rows{.tokens = inputs.tokens,
                    .sequences = inputs.tokens / std::max<std::int64_t>(1, inputs.sequence_length),
                    .slots = inputs.tokens * router.top_k,
                    .num_ranks = inputs.num_expert_ranks};
  std::int64_t hosted = (model.num_experts + inputs.num_expert_ranks - 1) / inputs.num_expert_ranks;
  if (router.balance_step != StepBalance::off && inputs.num_expert_ranks > 1)
    hosted += router.guest_slots;
  rows.segments = hosted * inputs.num_expert_ranks;
  const double all = static_cast<double>(rows.slots) * inputs.num_expert_ranks;
  rows.received = static_cast<std::int64_t>(
      std::min(all, std::ceil(inputs.load_factor * static_cast<double>(rows.slots))));
  rows.shard_rows =
      rows.received + std::min(rows.received, rows.segments) * (row_tile_on(device) - 1);
  return rows;
}

// A forward and a backward pass that take what they need, layer by layer, and compute nothing.
class CountedPass {
 public:
  CountedPass(const ModelConfig& model, const RouterConfig& router, const ActivationInputs& inputs,
              const Stream& stream)
      : model_(model),
        inputs_(inputs),
        stream_(stream),
        rows_(expected_rows(model, router, inputs, inputs.device)),
        moe_(router, rows_, model.hidden, model.num_experts, inputs.device) {}

  void run() {
    Arena& kept = arenas_.kept;
    take_batch();
    kept.take(x_);
    for (int layer = 0; layer < model_.num_layers; ++layer) {
      kept.take(x_);
      forward(layer);
    }
    Norm::Saved::take(kept, inputs_.tokens, model_.hidden);
    kept.take(x_);  // the gradient by the last output
    head();
    if (inputs_.mtp_modules > 0) mtp();
    for (int layer = 0; layer < model_.num_layers; ++layer) backward(layer);
    embedding();
  }
  ActivationBytes bytes() const { return arenas_.used(); }

 private:
  void take_batch() {  // see sent_batch
    const int sent = inputs_.device == Device::cpu() ? 0 : 3, reach = model_.window > 0 ? 1 : 0;
    for (int tensor = 0; tensor < sent + reach; ++tensor)
      arenas_.kept.take({inputs_.tokens}, DType::i32);
  }

  void forward(int layer) {
    const bool dense = is_dense(model_, layer);
    arenas_.scratch.reset();
    if (layer < inputs_.recompute_layers) arenas_.recomputed.reset();
    Arena& kept = layer < inputs_.recompute_layers ? arenas_.recomputed : arenas_.kept;
    Block::Saved().take(kept, model_, inputs_.tokens, dense, sums_of(layer));
    {
      const ArenaScope attention(arenas_.scratch);
      SelfAttention::take_tiles(arenas_.scratch, attention_shape(), stream_);
    }
    if (dense) return;
    moe_.take_routing(arenas_.kept, terms_of(layer, "router").rank);
    Ffn::take(kept, rows_.shard_rows, model_.expert_hidden,
              narrow_of(layer, "expert0", model_.expert_hidden));
    moe_.take_forward(kept, arenas_.scratch);
    if (model_.shared_expert_hidden == 0) return;
    Ffn::take(kept, inputs_.tokens, model_.shared_expert_hidden,
              narrow_of(layer, "shared", model_.shared_expert_hidden));
    if (has_shared_gate(model_)) {
      SharedGate::Saved::take(kept, inputs_.tokens, model_.hidden);
    } else {
      arenas_.scratch.take(x_);
    }
  }

  void backward(int layer) {
    arenas_.scratch.reset();
    arenas_.scratch.take(x_);  // the gradient by a branch
    backward_branch([&] {
      if (!is_dense(model_, layer)) backward_experts();
    });
    backward_branch([&] {
      SelfAttention::BackwardScratch::take(arenas_.scratch, model_, inputs_.tokens,
                                           attention_shape(), stream_);
    });
  }
  template <class TakeBranch>
  void backward_branch(TakeBranch take_branch) {
    const ArenaScope scope(arenas_.scratch);
    Block::BackwardScratch::take(arenas_.scratch, model_, inputs_.tokens);
    const bool norm_first = model_.norm_placement == NormPlacement::after;
    if (norm_first) take_norm();
    take_branch();
    if (!norm_first) take_norm();
  }
  void backward_experts() {
    moe_.take_backward(arenas_.scratch);
    if (has_shared_gate(model_))
      SharedGate::BackwardScratch::take(arenas_.scratch, inputs_.tokens, model_.hidden);
    if (model_.shared_expert_hidden > 0) arenas_.scratch.take(x_);
    moe_.take_gate_backward(arenas_.scratch);
  }

  void mtp() {  // see MtpModules
    Arena& kept = arenas_.kept;
    for (int module = 0; module < inputs_.mtp_modules; ++module) {
      if (inputs_.device != Device::cpu())
        for (int ids = 0; ids < 2; ++ids) kept.take({inputs_.tokens}, DType::i32);
      // The embedding, and what goes into and comes out of the block.
      for (int tensor = 0; tensor < 3; ++tensor) kept.take(x_);
      for (int norm = 0; norm < 3; ++norm) Norm::Saved::take(kept, inputs_.tokens, model_.hidden);
      forward(model_.num_layers + module);
    }
    for (int gradient = 0; gradient < 2; ++gradient) kept.take(x_);
    for (int module = 0; module < inputs_.mtp_modules; ++module) {
      head();
      backward(model_.num_layers + module);
      arenas_.scratch.reset();
      arenas_.scratch.take(x_);
      for (int norm = 0; norm < 2; ++norm) take_norm();
      arenas_.scratch.take({inputs_.vocabulary, model_.hidden});
    }
  }

  void head() {
    arenas_.scratch.reset();
    LossHead::Scratch::take(arenas_.scratch, inputs_.tokens, inputs_.vocabulary);
    take_norm();
  }
  void embedding() {
    arenas_.scratch.reset();
    arenas_.scratch.take({inputs_.vocabulary, model_.hidden});
  }
  void take_norm() {
    Norm::BackwardScratch::take(arenas_.scratch, inputs_.tokens, model_.hidden, stream_.device());
  }
  LinearTerms terms_of(int layer, const std::string& part) const {
    return terms_of_param(model_, inputs_.guided, block_name(model_, layer) + "." + part);
  }
  Ffn::Narrow narrow_of(int layer, const std::string& network, std::int64_t inner) const {
    return Ffn::Narrow::of([&](const char* part) { return terms_of(layer, network + "." + part); },
                           Ffn::Shape{model_.hidden, inner, 0.0, 0.0});
  }
  Block::Sums sums_of(int layer) const {
    Block::Sums sums;
    constexpr std::array projections{"attention.q", "attention.k", "attention.v", "attention.o"};
    for (std::size_t i = 0; i < projections.size(); ++i)
      sums.attention[i] = terms_of(layer, projections[i]).rank;
    if (is_dense(model_, layer)) sums.ffn = narrow_of(layer, "ffn", model_.ffn_hidden);
    return sums;
  }
  AttentionShape attention_shape() const {
    return {rows_.sequences, inputs_.sequence_length, model_.num_heads, model_.num_kv_heads,
            model_.head_dim};
  }

  const ModelConfig& model_;
  const ActivationInputs& inputs_;
  const Stream& stream_;
  ExpectedRows rows_;
  LayerMemory moe_;
  Shape x_{inputs_.tokens, model_.hidden};
  ActivationArenas arenas_ = ActivationArenas::counting(inputs_.device);
};

}  // namespace

ActivationBytes activation_bytes(const ModelConfig& model, const RouterConfig& router,
                                 const ActivationInputs& inputs, const Stream& stream) {
  CountedPass pass(model, router, inputs, stream);
  pass.run();
  return pass.bytes();
}

}  // namespace switchyard
