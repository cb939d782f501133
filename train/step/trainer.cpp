#include "train/step/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "model/param_role.h"
#include "model/transformer/matmul_shapes.h"
#include "runtime/params/rounded_values.h"
#include "train/guard/replica_check.h"
#include "train/guard/step_trial.h"
#include "train/inference/evaluate.h"
#include "train/placement/expert_copies.h"
#include "train/placement/load_balance.h"
#include "train/replicas.h"
#include "train/state/load_state.h"
#include "train/state/state_names.h"
#include "train/step/fixed_masks.h"
#include "train/step/frozen.h"
#include "train/step/gradients.h"
#include "train/step/guide.h"
#include "train/step/schedule.h"

namespace switchyard {
namespace {

constexpr std::int64_t times_a_row_travels = 4;  // out and home, forward and backward

}  // namespace

Trainer::Trainer(Transformer& model, Mesh& mesh, const TrainConfig& config, Stream& stream,
                 const GuardConfig& guard)
    : model_(model),
      mesh_(mesh),
      config_(config),
      stream_(stream),
      optimizer_(config),
      rebalancing_(model, mesh),
      guard_(guard, config.clip_norm, std::log(static_cast<double>(model.options().vocabulary))) {
  check_frozen(model.params(), model.config(), model.options().freeze);
  if (config.islands.active())
    outer_ = std::make_unique<OuterStep>(model, mesh, config.islands, config.steps, stream);
  if (!config.exact) return;
  std::vector<MatmulShape> shapes = matmul_shapes(model.params());
  for (const MatmulShape& shape : optimizer_.matmul_shapes(model.params())) shapes.push_back(shape);
  arithmetic_ = agree_on_arithmetic(shapes, *mesh.world, stream);
}

void Trainer::initialize() {
  model_.params().initialize(seed(), {}, stream_.num_threads());
  apply_fixed_masks(model_.params(), model_.config().dropout, seed(), stream_);
  set_guides(model_.params(), config_, 0, /*skips=*/false);
  if (outer_) outer_->begin();
}

void Trainer::initialize(const CheckpointReader& weights) {
  const std::vector<std::string> held = weights.names();  // sorted
  const Params::Choice drawn = [&](std::string_view name) {
    return (is_adapter(name) || is_guide(name) || mtp_module_of_param(name) >= 0) &&
           !std::binary_search(held.begin(), held.end(),
                               state_name(StateKind::value, std::string(name)));
  };
  model_.params().initialize(seed(), drawn, stream_.num_threads());
  load_values(weights, model_, drawn);
  model_.params().make_guides();
  set_guides(model_.params(), config_, 0, /*skips=*/false);
  if (outer_) outer_->begin();
}

void Trainer::load(const CheckpointReader& checkpoint, const JsonFields& meta) {
  const bool was_on_islands = meta.has("islands");
  require(was_on_islands == (outer_ != nullptr), Exit::usage,
          "{} is of a run {} islands: keep islands.sync_every {} 0", checkpoint.folder().string(),
          was_on_islands ? "on" : "without", was_on_islands ? "above" : "at");
  load_training_state(checkpoint, model_, outer_ ? island_prefix(mesh_.island()) : "");
  check_fixed_masks(model_.params(), model_.config().dropout, seed());
  set_guides(model_.params(), config_, checkpoint.step(), /*skips=*/false);
  if (outer_) {
    const JsonFields islands = meta.object("islands");
    outer_->load(checkpoint, islands);
    const JsonFields mine = islands.object(std::to_string(mesh_.island()).c_str());
    outer_->load_of_island(mine);
    guard_.load(mine.object("guard"));
  } else if (meta.has("guard")) {
    guard_.load(meta.object("guard"));
  }
}

StepReport Trainer::step(std::int64_t step, const StepData& data) {
  StepReport report;
  report.step = step;
  report.batch = batch_of(step);
  const Gradient gradient = judged_gradient(data, report);
  if (changed_weights(report.outcome)) update(step, gradient);
  set_guides(model_.params(), config_, step + 1, /*skips=*/false);  // as evaluations see it
  fill(report, data, gradient);
  if (outer_) outer_->note(report);
  return report;
}

Trainer::Gradient Trainer::judged_gradient(const StepData& data, StepReport& report) {
  const std::int64_t step = report.step;
  Gradient gradient = differentiate(step, data);
  if (guard_.compares_replicas(step)) {
    report.problem = find_unequal_replicas(model_.params(), mesh_, stream_);
    if (!report.problem.empty()) {
      report.outcome = guard_.refuse_replicas(step, report.problem);
      return gradient;
    }
  }
  StepTrial trial(guard_, step);
  TrialVerdict verdict = trial.judge(gradient.figures);
  for (; verdict == TrialVerdict::again; verdict = trial.judge(gradient.figures))
    gradient = differentiate(step, data);
  report.problem = trial.problem();
  if (verdict == TrialVerdict::refuse) {
    report.outcome = guard_.refuse(step, gradient.figures, trial.reproduced(), report.problem);
  } else if (!report.problem.empty()) {
    report.outcome = StepOutcome::repeated;
  }
  return gradient;
}

Trainer::Gradient Trainer::differentiate(std::int64_t step, const StepData& data) {
  Params& params = model_.params();
  model_.zero_gradients(stream_);
  set_guides(params, config_, step, config_.guide_skips);
  const RoundedValues rounded(params, stream_);
  StepSums sums = model_.empty_sums();
  for (Batch batch : data.micro_batches) {  // an empty one still joins every exchange
    batch.step = step;
    model_.forward(batch, stream_);
    model_.backward({data.loss_tokens, data.loss_tokens + data.prompt_tokens}, sums, stream_);
  }
  sums.broken() += model_.gradient_overflow(stream_);
  mesh_.world->all_reduce(sums.words(), Reduce::sum, stream_);
  sum_copies(model_, mesh_, stream_);
  reduce_gradients(params, mesh_, stream_);
  mask_gradients(params, model_.config().dropout, seed(), stream_);
  StepFigures figures{.loss = model_.loss_format().value(sums.loss()),
                      .gradient_norm = gradient_norm(params, mesh_, stream_),
                      .finite = sums.broken() == 0};
  if (!figures.finite) figures.loss = std::numeric_limits<double>::quiet_NaN();
  if (guard_.computes_twice(step))
    figures.gradient_hash =
        gradient_hash(params, std::as_const(sums).expert_counts(), mesh_, stream_);
  return {std::move(sums), figures};
}

void Trainer::update(std::int64_t step, const Gradient& gradient) {
  const double norm = gradient.figures.gradient_norm;
  const double scale =
      config_.clip_norm > 0 && norm > config_.clip_norm ? config_.clip_norm / norm : 1.0;
  optimizer_.update(model_.params(), step, learning_rate_at(config_, step), scale, stream_);
  gather_values(model_.params(), mesh_, stream_);
  model_.finish_step(gradient.sums);
  rebalancing_.count(gradient.sums.expert_counts());
  guard_.take(gradient.figures);
}

void Trainer::fill(StepReport& report, const StepData& data, const Gradient& gradient) const {
  const FixedPoint& format = model_.loss_format();
  const StepSums& sums = gradient.sums;
  report.loss = gradient.figures.loss;
  report.balance_loss = format.value(sums.balance_loss());
  report.z_loss = format.value(sums.z_loss());
  for (std::size_t module = 0; module < sums.mtp_depth(); ++module) {
    // No row of the step may be longer than the module looks ahead.
    const std::int64_t targets = sums.mtp_targets(module);
    const double all = format.value(sums.mtp_loss(module)) * static_cast<double>(data.loss_tokens);
    report.mtp_loss.push_back(targets == 0 ? 0.0 : all / static_cast<double>(targets));
  }
  report.gradient_norm = gradient.figures.gradient_norm;
  report.learning_rate = learning_rate_at(config_, report.step);
  report.tokens = data.job_tokens;
  const std::int64_t row_bytes = times_a_row_travels * model_.travelling_row_bytes();
  const SentRows sent = sums.sent_rows();
  report.exchanged = {sent.own_rank * row_bytes, sent.own_node * row_bytes,
                      sent.other_nodes * row_bytes};
  if (const StepBalanceReport balance = sums.balance(); balance.rows > 0) {
    const double mean =
        static_cast<double>(balance.rows) / static_cast<double>(mesh_.experts->size());
    report.guests = {balance.copies, static_cast<double>(balance.max_rows_before) / mean,
                     static_cast<double>(balance.max_rows) / mean};
  }
  const std::vector<int> layers = model_.moe_layers();
  for (std::size_t i = 0; i < layers.size(); ++i)
    report.layers.push_back(load_of(layers[i], sums.expert_counts(i), sums.dropped()[i]));
}

void Trainer::share_rewind() {
  const Rewind mine = guard_.rewind();
  guard_.follow({reduce_one(job(), mine.num_rewinds, Reduce::max),
                 reduce_one(job(), mine.next_batch, Reduce::max)});
}

PlacementReport Trainer::rebalance() { return rebalancing_.run(stream_); }

std::optional<Evaluation> Trainer::evaluate(Loader& loader, const std::function<bool()>& stop) {
  std::optional<OuterStep::Anchored> anchored;
  if (outer_) {
    outer_->settle();
    anchored.emplace(*outer_);
  }
  return evaluate_unless(stop, model_, mesh_, loader, stream_);
}

OwnedState Trainer::owned_state() {
  if (outer_) outer_->settle();
  OwnedState state = switchyard::owned_state(model_.params(), mesh_, stream_);
  if (mesh_.world->rank() == 0) {  // all ranks hold the gates' state
    for (const auto& [name, tensor] : model_.gate_state())
      state.tensors.push_back({gate_state_name(name), tensor});
  }
  if (outer_) {
    name_by_island(model_.params(), mesh_.island(), state);
    outer_->add_state(state);
  }
  return state;
}

nlohmann::json Trainer::meta() {
  nlohmann::json meta = {{"fingerprint", arithmetic_.fingerprint},
                         {"fixed_point_bits", model_.loss_format().bits},
                         {"guard", guard_.state()}};
  if (!outer_) return meta;
  nlohmann::json &islands = meta["islands"] = outer_->meta(), mine = outer_->meta_of_island();
  mine["guard"] = guard_.state();
  const std::vector<std::string> all = all_gather_text(mesh_.job(), mine.dump());
  for (int island = 0; island < mesh_.num_islands(); ++island)
    islands[std::to_string(island)] =
        nlohmann::json::parse(all[static_cast<std::size_t>(island * mesh_.world->size())]);
  return meta;
}

}  // namespace switchyard
