// Transformer::State: what a model is made of, and what the last forward pass left in it.
#pragma once

#include <optional>
#include <vector>

#include "model/head/loss_head.h"
#include "model/transformer/layer_stack.h"
#include "model/transformer/mtp_modules.h"
#include "model/transformer/step_guests.h"
#include "model/transformer/transformer.h"
#include "router/exchange/exchange_choice.h"

namespace switchyard {

struct Transformer::State {
  ModelConfig model;
  RouterConfig router;
  Options options;
  int num_expert_ranks;
  Params params;
  ParamId embedding;
  ActivationArenas arenas;
  // After the arenas, so that it goes first: it may still hold rows that lie in them.
  ChosenExchange exchange;
  std::vector<int> node_of;                // the node of each rank of the expert group
  int my_rank;                             // in the expert group
  std::int64_t row_bytes;                  // of a row between ranks
  std::unique_ptr<StepBalancer> balancer;  // null: experts have no guest copies
  RotaryTable rotary;
  LayerStack layers;
  LossHead head;
  std::optional<MtpModules> mtp;
  std::optional<Dropout> dropout;  // in training
  // What the last forward left.
  Batch on_host;
  Batch batch;  // where the device reads it
  Tensor x;     // the output of the last block
  Norm::Saved final_norm;

  State(const ModelConfig& model_config, const RouterConfig& router_config, const Options& chosen,
        Mesh& mesh);

  LayerStack::Run run(Stream& stream) {
    return {params, batch, arenas, stream, dropout ? &*dropout : nullptr};
  }
  // rows *= the mask of the embeddings, or of their gradients.
  void drop_embeddings(Tensor rows, Stream& stream) const;
  void begin(const Batch& on_host, Stream& stream);
  LayerContext context(Stream& stream) {
    return {params, batch, {arenas.kept, arenas.kept, arenas.scratch}, stream};
  }
  // At the first pass: each thread of the stream has its own scratch.
  void reserve(Stream& stream);
  void account(const std::vector<AuxiliaryLosses>& losses, StepSums& sums) const;

  // Whether a step computes the modules of multi-token prediction.
  bool trains_mtp() const { return mtp && options.mtp_weight > 0; }
  // The blocks with experts that a step computes.
  std::vector<int> moe_layers() const {
    return layers.moe_blocks(
        static_cast<std::size_t>(trains_mtp() ? num_blocks(model) : model.num_layers));
  }
};

}  // namespace switchyard
