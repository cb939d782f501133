// What a Transformer computes of a micro-batch.
#include "model/attention/past.h"
#include "model/ops.h"
#include "model/transformer/accounting.h"
#include "model/transformer/transformer_state.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

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
  const LayerStack::Run run = s.run(stream);
  std::vector<AuxiliaryLosses> losses(s.layers.size());
  if (s.trains_mtp()) {
    s.mtp->train({run, s.layers, s.on_host, of_step.loss, share, s.options.mtp_weight}, s.x, d,
                 sums, losses);
  }
  s.layers.backward(run, d, share, losses);
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
