#include "model/head/loss_head.h"

#include <algorithm>

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

std::int64_t logit_chunk_rows(std::int64_t vocabulary) {
  constexpr std::int64_t max_logits = std::int64_t{1} << 23;  // 32 MiB
  return std::clamp(max_logits / vocabulary / row_tile * row_tile, row_tile, std::int64_t{1024});
}

void LossHead::normalize(const Params& params, Tensor x, Norm::Saved& saved, Arena& arena,
                         Stream& stream) const {
  norm_.forward(params, x, saved, arena, stream);
}

// Calls use(logits, begin, end) for each chunk, with the logits replaced by the loss's gradient by
// them.
template <class UseChunk>
double LossHead::for_chunks(const Params& params, const Batch& batch, Tensor hidden,
                            std::int64_t loss_tokens, Arena& scratch, Stream& stream,
                            UseChunk use) const {
  const Span span(stream, "head");
  const std::int64_t rows = hidden.rows(), chunk = std::min(chunk_rows(), rows);
  const Tensor logits = scratch.take({chunk, vocabulary_});
  const Tensor loss = scratch.take({rows});
  const auto scale = static_cast<float>(1.0 / static_cast<double>(loss_tokens));
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t end = std::min(rows, begin + chunk);
    const Tensor part = logits.row_range(0, end - begin);
    matmul(hidden.row_range(begin, end), Op::plain, params.operand(table_, params.precision().head),
           Op::transposed, part, Write::replace, stream, params.precision().head);
    ModelOps::on(stream.device())
        .cross_entropy(part, batch.targets.range(begin, end), scale, loss.range(begin, end),
                       stream);
    use(part, begin, end);
  }
  const HostRead losses(loss, stream);
  double sum = 0.0;
  for (std::int64_t row = 0; row < rows; ++row) sum += static_cast<double>(losses.as<float>()[row]);
  return sum / static_cast<double>(loss_tokens);
}

double LossHead::loss(const Params& params, const Batch& batch, const Norm::Saved& saved,
                      std::int64_t loss_tokens, Arena& scratch, Stream& stream) const {
  return for_chunks(params, batch, saved.out, loss_tokens, scratch, stream,
                    [](Tensor, std::int64_t, std::int64_t) {});
}

double LossHead::loss_and_gradient(Params& params, const Batch& batch, Tensor x,
                                   const Norm::Saved& saved, std::int64_t loss_tokens, Tensor d_x,
                                   Arena& scratch, Stream& stream) const {
  const auto use = [&](Tensor d_logits, std::int64_t begin, std::int64_t end) {
    matmul(d_logits, Op::plain, params.operand(table_, params.precision().head), Op::plain,
           d_x.row_range(begin, end), Write::replace, stream, params.precision().head);
    params.add_gradient_product(table_, d_logits, saved.out.row_range(begin, end), stream,
                                params.precision().head);
  };
  const double loss = for_chunks(params, batch, saved.out, loss_tokens, scratch, stream, use);
  norm_.backward(params, x, saved, d_x, d_x, scratch, stream);
  return loss;
}

void LossHead::logits(const Params& params, const Norm::Saved& saved, std::int64_t first,
                      Tensor out, Arena& scratch, Stream& stream) const {
  // Whole tiles: a product's rows come in those.
  const std::int64_t begin = first / row_tile * row_tile, end = padded_rows(first + out.rows());
  const Tensor tiles = scratch.take({end - begin, vocabulary_});
  matmul(saved.out.row_range(begin, end), Op::plain,
         params.operand(table_, params.precision().head), Op::transposed, tiles, Write::replace,
         stream, params.precision().head);
  const HostRead logits(tiles.row_range(first - begin, first - begin + out.rows()), stream);
  std::copy_n(logits.as<float>(), out.size(), out.as<float>());
}

}  // namespace switchyard
