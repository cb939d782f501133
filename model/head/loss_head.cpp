#include "model/head/loss_head.h"

#include <algorithm>
#include <numeric>

#include "model/ops.h"
#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"
#include "runtime/product/matmul.h"

namespace switchyard {

LossHead::LossHead(Params& params, ParamId embedding, const ModelConfig& config,
                   std::int64_t vocabulary)
    : norm_(params, "final_norm", config.hidden, config.norm_epsilon),
      table_(embedding),
      vocabulary_(vocabulary) {
  if (!config.tie_embeddings) {
    table_ = params.declare(
        {.name = "head", .shape = {vocabulary, config.hidden}, .init_std = init_std_of(config)});
  }
}

LossHead::LossHead(Params& params, const std::string& norm, const LossHead& of,
                   const ModelConfig& config)
    : norm_(params, norm, config.hidden, config.norm_epsilon),
      table_(of.table_),
      vocabulary_(of.vocabulary_) {}

namespace {

// By way of the host: it is for calibration alone.
void divide(Tensor rows, double by, Stream& stream) {
  const HostRead in(rows, stream);
  HostWrite out(rows, stream);
  for (std::int64_t i = 0; i < rows.size(); ++i) {
    out.as<float>()[i] = static_cast<float>(static_cast<double>(in.as<float>()[i]) / by);
  }
  out.send();
  stream.synchronize();
}

}  // namespace

std::int64_t logit_chunk_rows(std::int64_t vocabulary, Device device) {
  // 32 MiB, near a CPU's caches; or 1 GiB, so that a GPU reads the table a few times and not
  // hundreds.
  const bool on_cpu = device.kind == Device::Kind::cpu;
  const std::int64_t max_logits = std::int64_t{1} << (on_cpu ? 23 : 28),
                     max_rows = on_cpu ? 1024 : 4096;
  return std::clamp(max_logits / vocabulary / row_tile * row_tile, row_tile, max_rows);
}

LossHead::Scratch LossHead::Scratch::take(Arena& arena, std::int64_t rows,
                                          std::int64_t vocabulary) {
  const std::int64_t chunk = std::min(logit_chunk_rows(vocabulary, arena.device()), rows);
  return {arena.take({chunk, vocabulary}), arena.take({rows})};
}

void LossHead::normalize(const LayerContext& context, Tensor x, Norm::Saved& saved) const {
  saved = Norm::Saved::take(context.workspace.activations, x.rows(), x.cols());
  norm_.forward(context, x, saved);
}

// Calls use(d_logits, begin, end) for each chunk; d_logits is the loss's gradient by the logits.
template <class UseChunk>
double LossHead::for_chunks(const LayerContext& context, Tensor hidden, const LossDivisor& by,
                            std::span<double> of_sequences, UseChunk use) const {
  const Params& params = context.params;
  Stream& stream = context.stream;
  const Span span(stream, "head");
  const std::int64_t rows = hidden.rows();
  const auto [logits, loss] = Scratch::take(context.workspace.scratch, rows, vocabulary_);
  const std::int64_t chunk = logits.rows();
  const auto loss_tokens = static_cast<double>(by.tokens);
  const auto scale = static_cast<float>(by.weight / loss_tokens);
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t end = std::min(rows, begin + chunk);
    const Tensor part = logits.row_range(0, end - begin);
    matmul(hidden.row_range(begin, end), Op::plain,
           params.operand(table_, params.precision().head, stream), Op::transposed, part,
           Write::replace, stream, params.precision().head);
    ModelOps::on(stream.device())
        .cross_entropy(part, context.batch.targets.range(begin, end), scale, loss.range(begin, end),
                       stream);
    use(part, begin, end);
  }
  const HostRead losses(loss, stream);
  double sum = 0.0;
  for (std::int64_t row = 0; row < rows; ++row) sum += static_cast<double>(losses.as<float>()[row]);
  for (std::size_t i = 0; i < of_sequences.size(); ++i) {
    const std::int64_t length = context.batch.sequence_length;
    const float* first = losses.as<float>() + static_cast<std::int64_t>(i) * length;
    of_sequences[i] = std::accumulate(first, first + length, 0.0) / loss_tokens;
  }
  return sum / loss_tokens;
}

double LossHead::loss(const LayerContext& context, const Norm::Saved& saved,
                      std::int64_t loss_tokens, std::span<double> of_sequences) const {
  return for_chunks(context, saved.out, loss_tokens, of_sequences,
                    [](Tensor, std::int64_t, std::int64_t) {});
}

double LossHead::loss_and_gradient(const LayerContext& context, Tensor x, const Norm::Saved& saved,
                                   const LossDivisor& by, Tensor d_x) const {
  Params& params = context.params;
  const auto use = [&](Tensor d_logits, std::int64_t begin, std::int64_t end) {
    matmul(d_logits, Op::plain, params.operand(table_, params.precision().head, context.stream),
           Op::plain, d_x.row_range(begin, end), Write::replace, context.stream,
           params.precision().head);
    params.add_gradient_product(table_, d_logits, saved.out.row_range(begin, end), context.stream,
                                params.precision().head);
  };
  const double loss = for_chunks(context, saved.out, by, {}, use);
  norm_.backward(context, x, saved, d_x, d_x);
  return loss;
}

void LossHead::logits(const LayerContext& context, const Norm::Saved& saved, std::int64_t first,
                      Tensor out) const {
  const Params& params = context.params;
  // A product's rows come in whole tiles.
  const std::int64_t tile = row_tile_on(context.stream.device());
  const std::int64_t begin = first / tile * tile,
                     end = (first + out.rows() + tile - 1) / tile * tile;
  const Tensor tiles = context.workspace.scratch.take({end - begin, vocabulary_});
  matmul(saved.out.row_range(begin, end), Op::plain,
         params.operand(table_, params.precision().head, context.stream), Op::transposed, tiles,
         Write::replace, context.stream, params.precision().head);
  const HostRead logits(tiles.row_range(first - begin, first - begin + out.rows()), context.stream);
  std::copy_n(logits.as<float>(), out.size(), out.as<float>());
}

std::vector<NextTokenScore> LossHead::scores(const LayerContext& context, const Norm::Saved& saved,
                                             std::span<const NextToken> asked,
                                             double temperature) const {
  const Span span(context.stream, "head");
  std::vector<NextTokenScore> all(asked.size());
  const auto chunk = static_cast<std::size_t>(chunk_rows(context.stream.device()));
  for (std::size_t begin = 0; begin < asked.size(); begin += chunk) {
    const std::size_t count = std::min(chunk, asked.size() - begin);
    context.workspace.scratch.reset();
    score_chunk(context, saved, asked.subspan(begin, count), temperature,
                std::span(all).subspan(begin, count));
  }
  return all;
}

void LossHead::score_chunk(const LayerContext& context, const Norm::Saved& saved,
                           std::span<const NextToken> asked, double temperature,
                           std::span<NextTokenScore> out) const {
  const Params& params = context.params;
  Stream& stream = context.stream;
  Arena& arena = context.workspace.scratch;
  // Whole tiles: the rows that fill up are the first one again, without a target.
  const std::int64_t rows = padded_rows(std::ssize(asked));
  std::vector<std::int32_t> row(static_cast<std::size_t>(rows), asked.front().row);
  std::vector<std::int32_t> target(static_cast<std::size_t>(rows), -1);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    row[i] = asked[i].row;
    target[i] = asked[i].token;
  }
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor hidden = arena.take({rows, saved.out.cols()});
  ops.embed(on_device(tensor_of(row.data(), {rows}), arena, stream), saved.out, hidden, stream);
  if (temperature != 1.0) divide(hidden, temperature, stream);
  const Tensor logits = arena.take({rows, vocabulary_});
  matmul(hidden, Op::plain, params.operand(table_, params.precision().head, stream), Op::transposed,
         logits, Write::replace, stream, params.precision().head);
  const TokenScores scores{arena.take({rows}), arena.take({rows}, DType::i32), arena.take({rows}),
                           arena.take({rows}), arena.take({rows})};
  ops.token_scores(logits, on_device(tensor_of(target.data(), {rows}), arena, stream), scores,
                   stream);
  const HostRead loss(scores.loss, stream), best(scores.best, stream);
  const HostRead probability(scores.best_probability, stream), entropy(scores.entropy, stream);
  const HostRead log_sum(scores.log_sum, stream);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = {loss.as<float>()[i], best.as<std::int32_t>()[i], probability.as<float>()[i],
              entropy.as<float>()[i], log_sum.as<float>()[i]};
  }
}

}  // namespace switchyard
