#include "model/transformer/transformer_state.h"

#include <algorithm>

#include "model/linear_terms.h"
#include "model/transformer/accounting.h"
#include "model/transformer/activations.h"
#include "model/transformer/sent_batch.h"
#include "router/payload.h"
#include "runtime/comm/topology.h"

namespace switchyard {
namespace {

ParamId declare_embedding(Params& params, const ModelConfig& model, std::int64_t vocabulary) {
  return params.declare(
      {.name = "embedding", .shape = {vocabulary, model.hidden}, .init_std = init_std_of(model)});
}

std::int64_t micro_batch_tokens(const Transformer::Options& options) {
  return options.step_tokens / options.num_micro_batches;
}

ChosenExchange choose_exchange(const ModelConfig& model, const RouterConfig& router,
                               const Transformer::Options& options, Mesh& mesh) {
  if (is_all_dense(model)) return {};
  Stream stream = Stream::on(options.device);
  const ExchangeShape shape{model.hidden, model.num_experts, micro_batch_tokens(options),
                            options.device};
  return make_exchange(router, shape, *mesh.experts, stream);
}

std::optional<Dropout> dropout_of(const ModelConfig& model, const Transformer::Options& options) {
  if (!model.dropout.any() || options.use != ParamUse::training) return std::nullopt;
  return Dropout(model.dropout, options.seed,
                 micro_batch_tokens(options) / std::max<std::int64_t>(1, options.sequence_length));
}

// Modules of multi-token prediction serve training alone.
ModelConfig computed(ModelConfig model, const Transformer::Options& options) {
  if (options.use == ParamUse::inference) model.mtp_depth = 0;
  return model;
}

std::optional<MtpModules> mtp_of(Params& params, ParamId embedding, const LossHead& head,
                                 const ModelConfig& model) {
  if (model.mtp_depth == 0) return std::nullopt;
  return MtpModules(params, embedding, head, model);
}

}  // namespace

Transformer::State::State(const ModelConfig& model_config, const RouterConfig& router_config,
                          const Options& chosen, Mesh& mesh)
    : model(computed(model_config, chosen)),
      router(router_config),
      options(chosen),
      num_expert_ranks(mesh.expert_degree()),
      params(
          frozen_params(model, options.freeze),
          [this](std::string_view name) { return terms_of_param(model, options.guided, name); },
          options.formats, options.use == ParamUse::inference ? ParamStateRule{} : options.states),
      embedding(declare_embedding(params, model, options.vocabulary)),
      arenas(options.device),
      exchange(choose_exchange(model, router, options, mesh)),
      node_of(make_topology(*mesh.experts, router.ranks_per_node).node_of),
      my_rank(mesh.experts->rank()),
      row_bytes(payload_row_bytes(router.payload, model.hidden)),
      balancer(step_balancer_of(model, router, options, node_of)),
      rotary(options.sequence_length, model.head_dim, model.rope_base, options.device, model.rope),
      layers(params, model, router, {mesh, exchange.exchange.get(), balancer.get(), rotary},
             {options.recompute_layers, options.seed, options.tape, options.watch}),
      head(params, embedding, model, options.vocabulary),
      mtp(mtp_of(params, embedding, head, model)),
      dropout(dropout_of(model, options)) {
  layers.host_experts(params);
  if (options.use == ParamUse::declared) return;
  const std::int64_t tokens = micro_batch_tokens(options);
  // The table of a tied head is used once per chunk of logits and once by the embedding, and as
  // often by each module of multi-token prediction.
  const std::int64_t rows = head.chunk_rows(options.device);
  const std::int64_t addends =
      options.num_micro_batches * ((tokens + rows - 1) / rows + 1) * (1 + model.mtp_depth);
  const ParamStorage storage{.use = options.use,
                             .exact = options.exact,
                             .format = fixed_point_for(options.step_tokens, addends),
                             .dense = {mesh.world->rank(), mesh.world->size()},
                             .experts = {mesh.replicas->rank(), mesh.replicas->size()},
                             .device = options.device,
                             .moments = options.moments};
  params.allocate(storage);
  params.set_precision(options.precision);
  if (balancer) balancer->guests().allocate(storage, options.precision);
}

void Transformer::State::begin(const Batch& rows, Stream& stream) {
  // Texts that go on token by token need no rows beside theirs on a CPU.
  const std::int64_t tile = rows.past != nullptr ? row_tile_on(options.device) : row_tile;
  require(rows.num_tokens() % tile == 0, "a micro-batch has {} tokens; expected a multiple of {}",
          rows.num_tokens(), tile);
  reserve(stream);
  arenas.kept.reset();
  on_host = rows;
  batch = sent_batch(rows, options, model.window, arenas.kept, stream);
}

void Transformer::State::drop_embeddings(Tensor rows, Stream& stream) const {
  if (!dropout || batch.step < 0 || !dropout->of_embedding().masks()) return;
  dropout->drop(dropout->of_embedding(), batch.step, key_of_name("embedding"), batch.index, rows,
                rows, stream);
}

void Transformer::State::reserve(Stream& stream) {
  if (options.load_factor <= 0.0 || arenas.held_bytes() > 0) return;
  arenas.reserve(activation_bytes(model, router,
                                  {.vocabulary = options.vocabulary,
                                   .sequence_length = options.sequence_length,
                                   .tokens = micro_batch_tokens(options),
                                   .num_expert_ranks = num_expert_ranks,
                                   .recompute_layers = options.recompute_layers,
                                   .load_factor = options.load_factor,
                                   .guided = options.guided,
                                   .mtp_modules = trains_mtp() ? model.mtp_depth : 0,
                                   .device = options.device},
                                  stream));
}

void Transformer::State::account(const std::vector<AuxiliaryLosses>& losses, StepSums& sums) const {
  const std::vector<int> computed = moe_layers();
  for (std::size_t i = 0; i < computed.size(); ++i) {
    const auto layer = static_cast<std::size_t>(computed[i]);
    const MoeLayer::Saved& moe = layers.saved(layer).moe;
    add_loss(params.format(), losses[layer].balance, sums.balance_loss(), sums);
    add_loss(params.format(), losses[layer].z, sums.z_loss(), sums);
    SentRows sent;
    add_sent_rows(moe.prepared->plan, node_of, my_rank, sent);
    sums.add_sent_rows(sent);
    if (my_rank == 0) sums.add_balance(moe.balance);
    add_choices(moe.routing, i, sums);
  }
}

}  // namespace switchyard
