#include "model/transformer/layer_stack.h"

#include <string>

namespace switchyard {

LayerStack::LayerStack(Params& params, const ModelConfig& model, const RouterConfig& router,
                       const Shared& shared, const Options& options)
    : options_(options), saved_(static_cast<std::size_t>(model.num_layers)) {
  for (int layer = 0; layer < model.num_layers; ++layer)
    blocks_.emplace_back(params, model, router, shared.mesh, shared.exchange, shared.rotary,
                         GateInputs{layer, options.seed, options.tape});
}

void LayerStack::host_experts(Params& params) {
  for (Block& block : blocks_) block.host_experts(params);
}

LayerContext LayerStack::context(const Run& run, std::size_t layer) const {
  ActivationArenas& arenas = run.arenas;
  Arena& activations = is_recomputed(layer) ? arenas.recomputed : arenas.kept;
  return {
      run.params, run.batch, {arenas.kept, activations, arenas.scratch}, run.stream, run.dropout};
}

void LayerStack::forward_layer(const Run& run, std::size_t layer, Tensor x, Tensor out, Pass pass) {
  run.arenas.scratch.reset();
  if (is_recomputed(layer)) run.arenas.recomputed.reset();
  blocks_[layer].forward(context(run, layer), x, saved_[layer], out, pass);
}

void LayerStack::show(const Run& run, std::size_t layer, Tensor out, ForwardWatch& watch) const {
  const Block::Saved& saved = saved_[layer];
  const std::string name = "layer" + std::to_string(layer);
  watch.saw(name + ".attention", run.batch, saved.middle, run.stream);
  if (blocks_[layer].is_moe()) {
    const Routing& routing = saved.moe.routing;
    watch.saw(name + ".choices", run.batch, routing.expert, run.stream);
    watch.mixed(name,
                {routing.expert, saved.moe.prepared->plan.slot_of_choice, routing.weight,
                 saved.moe.mixture.results},
                run.stream);
  }
  watch.saw(name + ".output", run.batch, out, run.stream);
}

void LayerStack::forward_one(const Run& run, std::size_t layer, Tensor x, Tensor out,
                             ForwardWatch* watch) {
  forward_layer(run, layer, x, out, Pass::first);
  if (watch != nullptr && !run.batch.empty()) show(run, layer, out, *watch);
}

Tensor LayerStack::forward(const Run& run, Tensor x) {
  for (std::size_t layer = 0; layer < size(); ++layer) {
    const Tensor out = run.arenas.kept.take(x.shape);
    forward_one(run, layer, x, out, options_.watch);
    x = out;
  }
  out_ = x;
  return x;
}

std::vector<AuxiliaryLosses> LayerStack::backward(const Run& run, Tensor d, double share) {
  std::vector<AuxiliaryLosses> losses(size());
  for (std::size_t layer = size(); layer-- > 0;) {
    if (is_recomputed(layer)) {
      const Tensor out = layer + 1 < size() ? saved_[layer + 1].x : out_;
      forward_layer(run, layer, saved_[layer].x, out, Pass::again);
    }
    run.arenas.scratch.reset();
    losses[layer] = blocks_[layer].backward(context(run, layer), saved_[layer], d, share);
  }
  return losses;
}

std::vector<int> LayerStack::moe_layers() const {
  std::vector<int> layers;
  for (std::size_t layer = 0; layer < size(); ++layer) {
    if (blocks_[layer].is_moe()) layers.push_back(static_cast<int>(layer));
  }
  return layers;
}

}  // namespace switchyard
