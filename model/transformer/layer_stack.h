// LayerStack: the blocks of a model: its layers one after another, then those of its modules of
// multi-token prediction (num_blocks), which their modules call. The first of the blocks may keep
// nothing but their input and their routes from forward to backward, and are then computed again.
#pragma once

#include <cstdint>
#include <vector>

#include "model/blocks/block.h"
#include "model/transformer/activation_arenas.h"
#include "model/transformer/forward_watch.h"

namespace switchyard {

class LayerStack {
 public:
  struct Options {
    std::int64_t recompute_layers = 0;  // how many are computed again
    std::uint64_t seed = 1;             // of the gates; see GateInputs
    RoutingTape* tape = nullptr;
    ForwardWatch* watch = nullptr;  // or sees each forward pass
  };
  // What the layers share, which must outlive them.
  struct Shared {
    Mesh& mesh;
    Exchange* exchange;      // null for a model without experts
    StepBalancer* balancer;  // or null
    const RotaryTable& rotary;
  };
  // Declares the dense parameters of all layers, then the experts that this rank hosts; see
  // host_experts.
  LayerStack(Params& params, const ModelConfig& model, const RouterConfig& router,
             const Shared& shared, const Options& options);
  // Called once all dense parameters of the model are declared.
  void host_experts(Params& params);

  // A micro-batch on its way through the layers. arenas: reset by the caller before forward.
  struct Run {
    Params& params;
    const Batch& batch;
    ActivationArenas& arenas;
    Stream& stream;
    const Dropout* dropout = nullptr;  // see LayerContext
  };
  // Collective over the expert group, for T = 0 too. x: [T, hidden]. Computes the layers, and
  // returns the last output.
  Tensor forward(const Run& run, Tensor x);
  // The same for one block alone: writes out [T, hidden], and shows it to `watch` unless that is
  // null.
  void forward_one(const Run& run, std::size_t layer, Tensor x, Tensor out, ForwardWatch* watch);
  // Collective. d: [T, hidden], the gradient by the last layer's output on entry, by the first
  // input on return. share: see Gate::backward. Fills in the losses of each layer's gate; losses:
  // of all blocks.
  void backward(const Run& run, Tensor d, double share, std::vector<AuxiliaryLosses>& losses);
  // The same for one block alone. out: what its forward pass wrote.
  AuxiliaryLosses backward_one(const Run& run, std::size_t layer, Tensor out, Tensor d,
                               double share);

  std::size_t size() const { return blocks_.size(); }
  Block& block(std::size_t layer) { return blocks_[layer]; }
  const Block::Saved& saved(std::size_t layer) const { return saved_[layer]; }  // since forward
  // The indices of the blocks with experts, from the layers on up to block `end`.
  std::vector<int> moe_blocks(std::size_t end) const;

 private:
  bool is_recomputed(std::size_t layer) const {
    return static_cast<std::int64_t>(layer) < options_.recompute_layers;
  }
  LayerContext context(const Run& run, std::size_t layer) const;
  void forward_layer(const Run& run, std::size_t layer, Tensor x, Tensor out, Pass pass);
  void show(const Run& run, std::size_t layer, Tensor out, ForwardWatch& watch) const;

  Options options_;
  std::size_t num_layers_;
  std::vector<Block> blocks_;
  std::vector<Block::Saved> saved_;
  Tensor out_;  // of the last layer
};

}  // namespace switchyard
