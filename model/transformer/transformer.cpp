#include "model/transformer/transformer.h"

#include <algorithm>
#include <optional>

#include "model/attention/past.h"
#include "model/attention/rotary.h"
#include "model/head/loss_head.h"
#include "model/linear_terms.h"
#include "model/ops.h"
#include "model/transformer/accounting.h"
#include "model/transformer/activations.h"
#include "model/transformer/layer_stack.h"
#include "model/transformer/sent_batch.h"
#include "router/exchange/exchange_choice.h"
#include "router/payload.h"
#include "runtime/comm/topology.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

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

}  // namespace

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
  std::vector<int> node_of;  // the node of each rank of the expert group
  int my_rank;               // in the expert group
  std::int64_t row_bytes;    // of a row between ranks
  RotaryTable rotary;
  LayerStack layers;
  LossHead head;
  std::optional<Dropout> dropout;  // in training
  // What the last forward left.
  Batch batch;  // where the device reads it
  Tensor x;     // the output of the last block
  Norm::Saved final_norm;

  State(const ModelConfig& model_config, const RouterConfig& router_config, const Options& chosen,
        Mesh& mesh)
      : model(model_config),
        router(router_config),
        options(chosen),
        num_expert_ranks(mesh.expert_degree()),
        params(
            frozen_params(model, options.freeze),
            [this](std::string_view name) { return terms_of_param(model, options.guided, name); },
            options.formats, options.states),
        embedding(declare_embedding(params, model, options.vocabulary)),
        arenas(options.device),
        exchange(choose_exchange(model, router, options, mesh)),
        node_of(make_topology(*mesh.experts, router.ranks_per_node).node_of),
        my_rank(mesh.experts->rank()),
        row_bytes(payload_row_bytes(router.payload, model.hidden)),
        rotary(options.sequence_length, model.head_dim, model.rope_base, options.device,
               model.rope),
        layers(params, model, router, {mesh, exchange.exchange.get(), rotary},
               {options.recompute_layers, options.seed, options.tape, options.watch}),
        head(params, embedding, model, options.vocabulary),
        dropout(dropout_of(model, options)) {
    layers.host_experts(params);
    if (options.use == ParamUse::declared) return;
    const std::int64_t tokens = micro_batch_tokens(options);
    // The table of a tied head is used once per chunk of logits and once by the embedding.
    const std::int64_t rows = head.chunk_rows(options.device);
    const std::int64_t addends = options.num_micro_batches * ((tokens + rows - 1) / rows + 1);
    params.allocate({.use = options.use,
                     .exact = options.exact,
                     .format = fixed_point_for(options.step_tokens, addends),
                     .dense = {mesh.world->rank(), mesh.world->size()},
                     .experts = {mesh.replicas->rank(), mesh.replicas->size()},
                     .device = options.device,
                     .moments = options.moments});
    params.set_precision(options.precision);
  }

  LayerStack::Run run(Stream& stream) {
    return {params, batch, arenas, stream, dropout ? &*dropout : nullptr};
  }
  // rows *= the mask of the embeddings, or of their gradients.
  void drop_embeddings(Tensor rows, Stream& stream) const {
    if (!dropout || batch.step < 0 || !dropout->of_embedding().masks()) return;
    dropout->drop(dropout->of_embedding(), batch.step, key_of_name("embedding"), batch.index, rows,
                  rows, stream);
  }
  void begin(const Batch& on_host, Stream& stream) {
    // Texts that go on token by token need no rows beside theirs on a CPU.
    const std::int64_t tile = on_host.past != nullptr ? row_tile_on(options.device) : row_tile;
    require(on_host.num_tokens() % tile == 0,
            "a micro-batch has {} tokens; expected a multiple of {}", on_host.num_tokens(), tile);
    reserve(stream);
    arenas.kept.reset();
    batch = sent_batch(on_host, options, model.window, arenas.kept, stream);
  }
  LayerContext context(Stream& stream) {
    return {params, batch, {arenas.kept, arenas.kept, arenas.scratch}, stream};
  }
  // At the first pass: each thread of the stream has its own scratch.
  void reserve(Stream& stream) {
    if (options.load_factor <= 0.0 || arenas.held_bytes() > 0) return;
    arenas.reserve(activation_bytes(model, router,
                                    {.vocabulary = options.vocabulary,
                                     .sequence_length = options.sequence_length,
                                     .tokens = micro_batch_tokens(options),
                                     .num_expert_ranks = num_expert_ranks,
                                     .recompute_layers = options.recompute_layers,
                                     .load_factor = options.load_factor,
                                     .guided = options.guided},
                                    stream));
  }
  void account(const std::vector<AuxiliaryLosses>& losses, StepSums& sums) const {
    const std::vector<int> moe_layers = layers.moe_layers();
    for (std::size_t i = 0; i < moe_layers.size(); ++i) {
      const auto layer = static_cast<std::size_t>(moe_layers[i]);
      const MoeLayer::Saved& moe = layers.saved(layer).moe;
      add_loss(params.format(), losses[layer].balance, sums.balance_loss(), sums);
      add_loss(params.format(), losses[layer].z, sums.z_loss(), sums);
      SentRows sent;
      add_sent_rows(moe.prepared->plan, node_of, my_rank, sent);
      sums.add_sent_rows(sent);
      add_choices(moe.routing, i, sums);
    }
  }
};

Transformer::Transformer(const ModelConfig& model, const RouterConfig& router,
                         const Options& options, Mesh& mesh)
    : state_(std::make_unique<State>(model, router, options, mesh)) {}
Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

Params& Transformer::params() { return state_->params; }
const ModelConfig& Transformer::config() const { return state_->model; }
const RouterConfig& Transformer::router() const { return state_->router; }
MoeLayer& Transformer::moe_layer(int layer) {
  return *state_->layers.block(static_cast<std::size_t>(layer)).moe();
}
const Transformer::Options& Transformer::options() const { return state_->options; }
Transformer::ActivationMemory Transformer::activation_memory() const {
  return {state_->arenas.held_bytes(), state_->arenas.used().total()};
}
const FixedPoint& Transformer::loss_format() const { return state_->params.format(); }
int Transformer::num_moe_layers() const { return static_cast<int>(moe_layers().size()); }
const std::string& Transformer::exchange_choice() const { return state_->exchange.why; }
std::string Transformer::exchange_name() const {
  return state_->exchange.exchange ? state_->exchange.exchange->name() : "";
}
std::int64_t Transformer::travelling_row_bytes() const { return state_->row_bytes; }
std::vector<int> Transformer::moe_layers() const { return state_->layers.moe_layers(); }

StepSums Transformer::empty_sums() const {
  return {num_moe_layers(), state_->model.num_experts, Gate::bias_bins_of(state_->router)};
}

void Transformer::forward(const Batch& on_host, Stream& stream) {
  State& s = *state_;
  s.begin(on_host, stream);
  const Tensor x = s.arenas.kept.take({s.batch.num_tokens(), s.model.hidden});
  if (!s.batch.empty()) {
    const Span span(stream, "embedding");
    ModelOps::on(stream.device()).embed(s.batch.tokens, s.params.value(s.embedding), x, stream);
    s.drop_embeddings(x, stream);
    if (s.options.watch != nullptr) s.options.watch->saw("embedding", s.batch, x, stream);
  }
  s.x = s.layers.forward(s.run(stream), x);
  if (!s.batch.empty()) s.head.normalize(s.context(stream), s.x, s.final_norm);
}

void Transformer::embed(const Batch& batch, Tensor out, Stream& stream) {
  State& s = *state_;
  s.begin(batch, stream);
  if (batch.empty()) return;
  const Tensor x = s.arenas.kept.take(out.shape);
  ModelOps::on(stream.device()).embed(s.batch.tokens, s.params.value(s.embedding), x, stream);
  stream.synchronize();
  read_now(x, out.data);
}

void Transformer::forward_layer(std::size_t layer, const Batch& batch, Tensor x, Tensor out,
                                ForwardWatch* watch, Stream& stream) {
  State& s = *state_;
  s.begin(batch, stream);
  const bool on_host = stream.device() == Device::cpu();
  const Tensor result = on_host ? out : s.arenas.kept.take(out.shape);
  s.layers.forward_one(s.run(stream), layer, on_device(x, s.arenas.kept, stream), result, watch);
  if (on_host || batch.empty()) return;
  stream.synchronize();
  read_now(result, out.data);
}

void Transformer::backward(StepTokens of_step, StepSums& sums, Stream& stream) {
  State& s = *state_;
  s.arenas.scratch.reset();
  const Tensor d = s.arenas.kept.take(s.x.shape);
  double loss = 0.0;
  if (!s.batch.empty())
    loss = s.head.loss_and_gradient(s.context(stream), s.x, s.final_norm, of_step.loss, d);
  const double share =
      static_cast<double>(s.batch.num_tokens()) / static_cast<double>(of_step.text);
  const std::vector<AuxiliaryLosses> losses = s.layers.backward(s.run(stream), d, share);
  add_loss(s.params.format(), loss, sums.loss(), sums);
  s.account(losses, sums);
  if (s.batch.empty() || s.params.spec(s.embedding).frozen) return;
  const Span span(stream, "embedding");
  s.arenas.scratch.reset();
  s.drop_embeddings(d, stream);
  const Tensor d_table = s.arenas.scratch.take({s.options.vocabulary, s.model.hidden});
  ModelOps::on(stream.device()).embed_backward(s.batch.tokens, d, d_table, stream);
  s.params.add_gradient(s.embedding, d_table, stream);
}

std::vector<double> Transformer::evaluate(std::int64_t loss_tokens, StepSums& sums,
                                          Stream& stream) {
  State& s = *state_;
  std::vector<double> of_sequences(static_cast<std::size_t>(s.batch.num_sequences));
  if (s.batch.empty()) return of_sequences;
  s.arenas.scratch.reset();
  const double loss = s.head.loss(s.context(stream), s.final_norm, loss_tokens, of_sequences);
  add_loss(s.params.format(), loss, sums.loss(), sums);
  return of_sequences;
}

void Transformer::finish_step(const StepSums& sums) {
  std::size_t i = 0;
  for (const int layer : moe_layers()) {
    moe_layer(layer).gate().finish_step(sums.expert_counts(i), sums.required_biases(i));
    ++i;
  }
}

std::vector<std::pair<std::string, Tensor>> Transformer::gate_state() {
  std::vector<std::pair<std::string, Tensor>> state;
  for (const int layer : moe_layers()) {
    for (auto& tensor : moe_layer(layer).gate().state()) state.push_back(std::move(tensor));
  }
  return state;
}

void Transformer::logits(std::int64_t first, Tensor out, Stream& stream) {
  State& s = *state_;
  s.arenas.scratch.reset();
  s.head.logits(s.context(stream), s.final_norm, first, out);
}

std::vector<NextTokenScore> Transformer::scores(std::span<const NextToken> asked, Stream& stream,
                                                double temperature) {
  State& s = *state_;
  return s.head.scores(s.context(stream), s.final_norm, asked, temperature);
}

void Transformer::remember(std::int64_t text, std::int64_t length, Past& past,
                           Stream& stream) const {
  past.set_length(text, length);
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  for (int layer = 0; layer < state_->model.num_layers; ++layer) {
    const SelfAttention::Saved& attention =
        state_->layers.saved(static_cast<std::size_t>(layer)).attention;
    const std::int64_t each = attention.v.cols();
    const auto copy = [&](Tensor from, Tensor to) {
      const std::int64_t begin = text * past.capacity() * each;
      ops.copy(from.range(0, length * each), to.range(begin, begin + length * each), stream);
    };
    copy(attention.rotated_k, past.keys(layer));
    copy(attention.v, past.values(layer));
  }
}

}  // namespace switchyard
