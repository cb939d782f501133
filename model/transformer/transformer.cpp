#include "model/transformer/transformer.h"

#include <cmath>

#include "model/attention/past.h"
#include "model/attention/rotary.h"
#include "model/blocks/block.h"
#include "model/head/loss_head.h"
#include "model/ops.h"
#include "model/transformer/activations.h"
#include "model/transformer/sent_batch.h"
#include "router/payload.h"
#include "runtime/comm/topology.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

ParamId declare_embedding(Params& params, const ModelConfig& model, std::int64_t vocabulary) {
  return params.declare(
      {.name = "embedding", .shape = {vocabulary, model.hidden}, .init_std = init_std_of(model)});
}

}  // namespace

struct Transformer::Saved {
  Batch batch;  // where the device reads it
  Tensor x;     // out of the last block
  std::vector<Block::Saved> blocks;
  Norm::Saved final_norm;
};

struct Transformer::State {
  ModelConfig model;
  RouterConfig router;
  Options options;
  int num_expert_ranks;
  Params params;
  ParamId embedding;
  Arena arena, scratch;      // of a micro-batch; of a block
  Arena recomputed;          // of the one recomputed layer that is forward or backward now
  ChosenExchange exchange;   // goes before what its rows are in
  std::vector<int> node_of;  // of each rank of the expert group
  int my_rank;               // in it
  std::int64_t row_bytes;    // of a travelling row
  std::vector<Block> blocks;
  LossHead head;
  RotaryTable rotary;
  Saved saved;

  State(const ModelConfig& model_config, const RouterConfig& router_config, const Options& chosen,
        Mesh& mesh)
      : model(model_config),
        router(router_config),
        options(chosen),
        num_expert_ranks(mesh.expert_degree()),
        embedding(declare_embedding(params, model, options.vocabulary)),
        arena(options.device),
        scratch(options.device),
        recomputed(options.device),
        exchange(choose_exchange(model, router, options, mesh)),
        node_of(make_topology(*mesh.experts, router.ranks_per_node).node_of),
        my_rank(mesh.experts->rank()),
        row_bytes(payload_row_bytes(router.payload, model.hidden)),
        blocks(declare_blocks(params, model, router, mesh, *exchange.exchange, options)),
        head(params, embedding, model, options.vocabulary),
        rotary(options.sequence_length, model.head_dim, model.rope_base, options.device) {
    require(!options.exact || !router.node_sums, Exit::usage,
            "router.node_sums = true with train.exact = true: its bits depend on the layout");
    for (Block& block : blocks) block.host_experts(params);
    const std::int64_t tokens = options.step_tokens / options.num_micro_batches;
    // The table of a tied head is used once per chunk of logits and once by the embedding.
    const std::int64_t addends =
        options.num_micro_batches * ((tokens + head.chunk_rows() - 1) / head.chunk_rows() + 1);
    params.allocate(options.exact, fixed_point_for(options.step_tokens, addends),
                    {mesh.world->rank(), mesh.world->size()},
                    {mesh.replicas->rank(), mesh.replicas->size()}, options.device,
                    options.moments);
    params.set_precision(options.precision);
    saved.blocks.resize(blocks.size());
  }

  static ChosenExchange choose_exchange(const ModelConfig& model, const RouterConfig& router,
                                        const Options& options, Mesh& mesh) {
    Stream stream = Stream::on(options.device);
    const std::int64_t tokens = options.step_tokens / options.num_micro_batches;
    const ExchangeShape shape{model.hidden, model.num_experts, tokens, options.device};
    return make_exchange(router, shape, *mesh.experts, stream);
  }

  static std::vector<Block> declare_blocks(Params& params, const ModelConfig& model,
                                           const RouterConfig& router, Mesh& mesh,
                                           Exchange& exchange, const Options& options) {
    std::vector<Block> blocks;
    for (int layer = 0; layer < model.num_layers; ++layer)
      blocks.emplace_back(params, model, router, mesh, exchange,
                          GateInputs{layer, options.seed, options.tape});
    return blocks;
  }

  // sum += loss, or a count of what no sum can hold.
  void add(double loss, std::int64_t& sum, StepSums& sums) const {
    if (std::abs(loss) < params.format().limit) {
      sum += params.format().fixed(loss);
    } else {
      ++sums.broken;
    }
  }

  bool is_recomputed(std::size_t layer) const {
    return static_cast<std::int64_t>(layer) < options.recompute_layers;
  }
  void forward_layer(std::size_t layer, const Batch& batch, Tensor x, Tensor out, Pass pass,
                     Stream& stream) {
    scratch.reset();
    if (is_recomputed(layer)) recomputed.reset();
    const Workspace workspace{arena, is_recomputed(layer) ? recomputed : arena, scratch};
    blocks[layer].forward(params, batch, rotary, x, saved.blocks[layer], out, workspace, pass,
                          stream);
  }
  // At the first pass: the stream's threads have scratch of their own.
  void reserve(Stream& stream) {
    if (options.load_factor <= 0.0 || arena.held_bytes() > 0) return;
    const ActivationBytes bytes =
        activation_bytes(model, router,
                         {.vocabulary = options.vocabulary,
                          .sequence_length = options.sequence_length,
                          .tokens = options.step_tokens / options.num_micro_batches,
                          .num_expert_ranks = num_expert_ranks,
                          .recompute_layers = options.recompute_layers,
                          .load_factor = options.load_factor},
                         stream);
    arena.reserve(bytes.kept);
    recomputed.reserve(bytes.recomputed);
    scratch.reserve(bytes.scratch);
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
  return *state_->blocks.at(static_cast<std::size_t>(layer)).moe();
}
const Transformer::Options& Transformer::options() const { return state_->options; }
Transformer::ActivationMemory Transformer::activation_memory() const {
  ActivationMemory memory;
  for (const Arena* arena : {&state_->arena, &state_->recomputed, &state_->scratch}) {
    memory.held += arena->held_bytes();
    memory.used += arena->high_water_bytes();
  }
  return memory;
}
const FixedPoint& Transformer::loss_format() const { return state_->params.format(); }
int Transformer::num_moe_layers() const { return static_cast<int>(moe_layers().size()); }
const std::string& Transformer::exchange_choice() const { return state_->exchange.why; }
std::int64_t Transformer::travelling_row_bytes() const { return state_->row_bytes; }
std::vector<int> Transformer::moe_layers() const {
  std::vector<int> layers;
  for (std::size_t layer = 0; layer < state_->blocks.size(); ++layer) {
    if (state_->blocks[layer].gate() != nullptr) layers.push_back(static_cast<int>(layer));
  }
  return layers;
}

StepSums Transformer::empty_sums() const {
  StepSums sums;
  sums.expert_counts.assign(static_cast<std::size_t>(num_moe_layers() * state_->model.num_experts),
                            0);
  sums.dropped.assign(static_cast<std::size_t>(num_moe_layers()), 0);
  return sums;
}

Transformer::Saved& Transformer::forward(const Batch& on_host, Stream& stream) {
  State& s = *state_;
  require(on_host.num_tokens() % row_tile == 0, "a micro-batch of {} tokens, not a multiple of {}",
          on_host.num_tokens(), row_tile);
  s.reserve(stream);
  s.arena.reset();
  s.saved.batch = sent_batch(on_host, s.options, s.arena, stream);
  const Batch& batch = s.saved.batch;
  const Shape shape{batch.num_tokens(), s.model.hidden};
  Tensor x = s.arena.take(shape);
  if (!batch.empty()) {
    const Span span(stream, "embedding");
    ModelOps::on(stream.device()).embed(batch.tokens, s.params.value(s.embedding), x, stream);
  }
  for (std::size_t layer = 0; layer < s.blocks.size(); ++layer) {
    const Tensor out = s.arena.take(shape);
    s.forward_layer(layer, batch, x, out, Pass::first, stream);
    x = out;
  }
  s.saved.x = x;
  if (!batch.empty()) s.head.normalize(s.params, x, s.saved.final_norm, s.arena, stream);
  return s.saved;
}

void Transformer::backward(Saved& saved, std::int64_t loss_tokens, StepSums& sums, Stream& stream) {
  State& s = *state_;
  const Batch& batch = saved.batch;
  s.scratch.reset();
  const Tensor d = s.arena.take(saved.x.shape);
  if (!batch.empty()) {
    s.add(s.head.loss_and_gradient(s.params, batch, saved.x, saved.final_norm, loss_tokens, d,
                                   s.scratch, stream),
          sums.loss, sums);
  }
  const double share = static_cast<double>(batch.num_tokens()) / static_cast<double>(loss_tokens);
  std::size_t moe_layer = sums.dropped.size();
  for (std::size_t layer = s.blocks.size(); layer-- > 0;) {
    Block::Saved& block = saved.blocks[layer];
    if (s.is_recomputed(layer)) {
      const Tensor x = block.x;
      const Tensor out = layer + 1 < s.blocks.size() ? saved.blocks[layer + 1].x : saved.x;
      s.forward_layer(layer, batch, x, out, Pass::again, stream);
    }
    s.scratch.reset();
    const AuxiliaryLosses losses =
        s.blocks[layer].backward(s.params, batch, s.rotary, block, d, share, s.scratch, stream);
    if (s.blocks[layer].gate() == nullptr) continue;
    s.add(losses.balance, sums.balance_loss, sums);
    s.add(losses.z, sums.z_loss, sums);
    add_sent_rows(block.moe.plan, s.node_of, s.my_rank, sums.sent_rows);
    const Routing& routing = block.moe.routing;
    const std::size_t experts = routing.wanted.size();
    --moe_layer;
    for (std::size_t e = 0; e < experts; ++e) {
      sums.expert_counts[moe_layer * experts + e] += routing.wanted[e];
      sums.dropped[moe_layer] += routing.wanted[e] - routing.counts[e];
    }
  }
  if (batch.empty()) return;
  const Span span(stream, "embedding");
  s.scratch.reset();
  const Tensor d_table = s.scratch.take({s.options.vocabulary, s.model.hidden});
  ModelOps::on(stream.device()).embed_backward(batch.tokens, d, d_table, stream);
  s.params.add_gradient(s.embedding, d_table, stream);
}

void Transformer::evaluate(Saved& saved, std::int64_t loss_tokens, StepSums& sums, Stream& stream) {
  State& s = *state_;
  const Batch& batch = saved.batch;
  if (batch.empty()) return;
  s.scratch.reset();
  s.add(s.head.loss(s.params, batch, saved.final_norm, loss_tokens, s.scratch, stream), sums.loss,
        sums);
}

void Transformer::finish_step(const StepSums& sums) {
  const auto experts = static_cast<std::size_t>(state_->model.num_experts);
  std::size_t begin = 0;
  for (Block& block : state_->blocks) {
    if (block.gate() == nullptr) continue;
    block.gate()->finish_step(std::span(sums.expert_counts).subspan(begin, experts));
    begin += experts;
  }
}

std::vector<std::pair<std::string, Tensor>> Transformer::gate_state() {
  std::vector<std::pair<std::string, Tensor>> state;
  for (Block& block : state_->blocks) {
    if (block.gate() == nullptr) continue;
    for (auto& tensor : block.gate()->state()) state.push_back(std::move(tensor));
  }
  return state;
}

void Transformer::logits(const Saved& saved, std::int64_t first, Tensor out, Stream& stream) {
  State& s = *state_;
  s.scratch.reset();
  s.head.logits(s.params, saved.final_norm, first, out, s.scratch, stream);
}

void Transformer::remember(const Saved& saved, std::int64_t text, std::int64_t length, Past& past,
                           Stream& stream) const {
  past.set_length(text, length);
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  for (int layer = 0; layer < state_->model.num_layers; ++layer) {
    const SelfAttention::Saved& attention = saved.blocks[static_cast<std::size_t>(layer)].attention;
    const std::int64_t each = attention.v.cols();
    const auto copy = [&](Tensor from, Tensor to) {
      const std::int64_t begin = text * past.capacity() * each;
      ops.copy(from.range(0, length * each), to.range(begin, begin + length * each), stream);
    };
    copy(attention.turned_k, past.keys(layer));
    copy(attention.v, past.values(layer));
  }
}

}  // namespace switchyard
