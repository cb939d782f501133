#include "model/transformer/layer_stack.h"

#include <string>

namespace switchyard {

LayerStack::LayerStack(Params& params, const ModelConfig& model, const RouterConfig& router,
                       const Shared& shared, const Options& options)
    : options_(options),
      num_layers_(static_cast<std::size_t>(model.num_layers)),
      saved_(static_cast<std::size_t>(num_blocks(model))) {
  for (int layer = 0; layer < num_blocks(model); ++layer) {
    const bool visited = shared.balancer != nullptr &&
                         shared.balancer->guests().can_visit(params, block_name(model, layer));
    blocks_.emplace_back(params, model, router, shared.mesh, shared.exchange,
                         visited ? shared.balancer : nullptr, shared.rotary,
                         GateInputs{layer, options.seed, options.tape});
  }
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
  for (std::size_t layer = 0; layer < num_layers_; ++layer) {
    const Tensor out = run.arenas.kept.take(x.shape);
    forward_one(run, layer, x, out, options_.watch);
    x = out;
  }
  out_ = x;
  return x;
}

AuxiliaryLosses LayerStack::backward_one(const Run& run, std::size_t layer, Tensor out, Tensor d,
                                         double share) {
  if (is_recomputed(layer)) forward_layer(run, layer, saved_[layer].x, out, Pass::again);
  run.arenas.scratch.reset();
  return blocks_[layer].backward(context(run, layer), saved_[layer], d, share);
}

void LayerStack::backward(const Run& run, Tensor d, double share,
                          std::vector<AuxiliaryLosses>& losses) {
  for (std::size_t layer = num_layers_; layer-- > 0;) {
    const Tensor out = layer + 1 < num_layers_ ? saved_[layer + 1].x : out_;
    losses[layer] = backward_one(run, layer, out, d, share);
  }
}

std::vector<int> LayerStack::moe_blocks(std::size_t end) const {
  std::vector<int> found;
  for (std::size_t block = 0; block < end; ++block) {
    if (blocks_[block].is_moe()) found.push_back(static_cast<int>(block));
  }
  return found;
}

}  // namespace switchyard
