#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "model/matmul_shapes.h"
#include "train/expert_copies.h"
#include "train/gradients.h"
#include "train/load_balance.h"
#include "train/schedule.h"

namespace switchyard {
namespace {

constexpr std::int64_t times_a_row_travels = 4;  // out and home, forward and backward

}  // namespace

Trainer::Trainer(Transformer& model, Mesh& mesh, const TrainConfig& config, Stream& stream)
    : model_(model),
      mesh_(mesh),
      config_(config),
      stream_(stream),
      optimizer_(config),
      rebalancing_(model, mesh) {
  if (config.exact)
    arithmetic_ = agree_on_arithmetic(matmul_shapes(model.params()), *mesh.world, stream);
  model.params().initialize(static_cast<std::uint64_t>(config.seed));
}

StepReport Trainer::step(const StepData& data) {
  Params& params = model_.params();
  params.zero_gradients(stream_);
  StepSums sums = model_.empty_sums();
  for (Batch batch :
       data.micro_batches) {  // empty when this rank has none left: it still joins every exchange
    batch.step = data.step;
    Transformer::Saved& saved = model_.forward(batch, stream_);
    model_.backward(saved, data.loss_tokens, sums, stream_);
  }
  bool overflow = params.gradient_overflow(stream_);
  sum_over_world(sums, overflow);
  sum_copies(model_, mesh_, stream_);
  reduce_gradients(params, mesh_, stream_);
  const double norm = gradient_norm(params, mesh_, stream_);
  if (overflow || !std::isfinite(norm)) {
    throw Error(
        Exit::numerical,
        fmt::format(
            "step {}: the gradient is not finite or too large (norm {}); the weights were not "
            "touched. "
            "Resume from the last checkpoint with a lower train.learning_rate or train.clip_norm",
            data.step, norm))
        .as_agreed();
  }
  const double scale =
      config_.clip_norm > 0 && norm > config_.clip_norm ? config_.clip_norm / norm : 1.0;
  const double rate = learning_rate_at(config_, data.step);
  optimizer_.update(params, data.step, rate, scale, stream_);
  gather_values(params, mesh_, stream_);
  model_.finish_step(sums);
  rebalancing_.count(sums.expert_counts);
  return report(data.step, data, sums, norm, rate);
}

void Trainer::sum_over_world(StepSums& sums, bool& overflow) {
  std::vector<std::int64_t> words = sums.expert_counts;
  words.insert(words.end(), sums.dropped.begin(), sums.dropped.end());
  const SentRows& sent = sums.sent_rows;
  words.insert(words.end(), {sent.own_rank, sent.own_node, sent.other_nodes});
  words.insert(words.end(), {sums.loss, sums.balance_loss, sums.z_loss, overflow});
  mesh_.world->all_reduce(tensor_of(words.data(), {std::ssize(words)}), Reduce::sum, stream_);
  const auto last = words.end();
  sums.sent_rows = {last[-7], last[-6], last[-5]};
  sums.loss = last[-4];
  sums.balance_loss = last[-3];
  sums.z_loss = last[-2];
  overflow = last[-1] != 0;
  std::copy_n(words.begin(), sums.expert_counts.size(), sums.expert_counts.begin());
  std::copy_n(words.begin() + std::ssize(sums.expert_counts), sums.dropped.size(),
              sums.dropped.begin());
}

StepReport Trainer::report(std::int64_t step, const StepData& data, const StepSums& sums,
                           double norm, double rate) const {
  const FixedPoint& format = model_.loss_format();
  StepReport report;
  report.step = step;
  report.loss = format.value(sums.loss);
  report.balance_loss = format.value(sums.balance_loss);
  report.z_loss = format.value(sums.z_loss);
  report.gradient_norm = norm;
  report.learning_rate = rate;
  report.tokens = data.loss_tokens;
  const std::int64_t row_bytes = times_a_row_travels * model_.travelling_row_bytes();
  report.exchanged = {sums.sent_rows.own_rank * row_bytes, sums.sent_rows.own_node * row_bytes,
                      sums.sent_rows.other_nodes * row_bytes};
  const std::vector<int> layers = model_.moe_layers();
  const auto experts = static_cast<std::size_t>(model_.config().num_experts);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    report.layers.push_back(load_of(
        layers[i], std::span(sums.expert_counts).subspan(i * experts, experts), sums.dropped[i]));
  }
  return report;
}

PlacementReport Trainer::rebalance() { return rebalancing_.run(stream_); }

double Trainer::evaluate(Loader& loader) {
  StepSums sums = model_.empty_sums();
  const std::int64_t targets = loader.num_pass_targets();
  for (std::int64_t step = 0; step < loader.num_pass_steps(); ++step) {
    for (const Batch& batch : loader.pass(step).micro_batches) {
      model_.evaluate(model_.forward(batch, stream_), targets, sums, stream_);
    }
  }
  return model_.loss_format().value(reduce_one(*mesh_.world, sums.loss, Reduce::sum));
}

}  // namespace switchyard
