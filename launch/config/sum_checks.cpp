#include "launch/config/sum_checks.h"

#include <algorithm>
#include <string>

#include "model/linear_terms.h"
#include "runtime/error.h"

namespace switchyard {

void check_adapter(const ModelConfig& model) {
  const AdapterConfig& adapter = model.adapter;
  if (adapter.rank == 0) return;
  require(!adapter.targets.empty(), Exit::usage,
          "adapter.targets is empty, and adapter.rank = {}: name matrices, or set adapter.rank = 0",
          adapter.rank);
  require(
      model.low_rank.rank == 0, Exit::usage,
      "adapter.rank = {} with low_rank.rank = {}: a layer is either low-rank or has an adapter; "
      "make the model dense with `switchyard model fold` first",
      adapter.rank, model.low_rank.rank);
}

void check_low_rank(const ModelConfig& model) {
  const std::int64_t rank = model.low_rank.rank;
  if (rank == 0) return;
  std::int64_t narrowest = model.hidden;
  bool any = false;
  for (int layer = 0; layer < model.num_layers; ++layer) {
    if (!is_low_rank(model, layer)) continue;
    any = true;
    narrowest =
        std::min(narrowest, is_dense(model, layer) ? model.ffn_hidden : model.expert_hidden);
    if (!is_dense(model, layer) && model.shared_expert_hidden > 0)
      narrowest = std::min(narrowest, model.shared_expert_hidden);
  }
  require(any, Exit::usage,
          "low_rank.rank = {} changes no layer: low_rank.layers is empty, which means all but the "
          "first, and model.num_layers = {}; name the layer",
          rank, model.num_layers);
  require(rank <= narrowest, Exit::usage,
          "low_rank.rank = {} is more than {}, the smallest width of a matrix of the feed-forward "
          "networks: lower it",
          rank, narrowest);
}

void check_mtp(const ModelConfig& model) {
  if (model.mtp_depth == 0) return;
  require(model.adapter.rank == 0, Exit::usage,
          "model.mtp_depth = {} with adapter.rank = {}: modules that predict further tokens would "
          "train beside frozen weights that do not learn from them; set model.mtp_depth = 0",
          model.mtp_depth, model.adapter.rank);
}

void check_matrix_updates(const Config& config) {
  const TrainConfig& train = config.train;
  const bool muon = train.optimizer == MatrixOptimizer::muon, galore = train.galore.rank > 0;
  if (!muon && !galore) return;
  require(!muon || !galore, Exit::usage,
          "train.optimizer = \"muon\" with galore.rank = {}: both would update the same matrices; "
          "set galore.rank = 0, or train.optimizer = \"adamw\"",
          train.galore.rank);
  const std::string chosen = muon ? "train.optimizer = \"muon\"" : "galore.rank above 0";
  require(config.run.device == Device::Kind::cpu, Exit::usage,
          "{} updates matrices on CPUs alone, and run.device = \"cuda\": use "
          "train.optimizer = \"adamw\" without galore.rank",
          chosen);
  require(train.moments == FloatFormat::f32, Exit::usage,
          "{} keeps its moments in f32, and train.moments = \"{}\": leave it at \"f32\"", chosen,
          name_of(train.moments));
  require(!galore || !train.galore.targets.empty(), Exit::usage,
          "galore.targets is empty, and galore.rank = {}: name matrices, or set galore.rank = 0",
          train.galore.rank);
  require(!galore || config.model.adapter.rank == 0, Exit::usage,
          "galore.rank = {} with adapter.rank = {}: an adapter is of low rank already; use one of "
          "them",
          train.galore.rank, config.model.adapter.rank);
}

void check_values(const Config& config) {
  const TrainConfig& train = config.train;
  if (train.values == ValueFormat::f32) return;
  constexpr const char* why = "train.values = \"int8\" keeps matrices as codes, ";
  const auto refuse = [&](bool wrong, const std::string& reason) {
    require(!wrong, Exit::usage, "{}{}", why, reason);
  };
  refuse(config.run.device == Device::Kind::cuda,
         "on CPUs alone, and run.device = \"cuda\": use train.values = \"f32\"");
  refuse(train.optimizer == MatrixOptimizer::muon || train.galore.rank > 0,
         "which AdamW updates: set train.optimizer = \"adamw\" and galore.rank = 0");
  refuse(config.model.adapter.rank > 0,
         "and beside adapters they do not change: set adapter.rank = 0, or train.values = \"f32\"");
  refuse(config.model.low_rank.rank > 0,
         "and matrices of low rank are few weights already: set low_rank.rank = 0");
  refuse(config.model.dropout.weights > 0,
         "and masks are for weights in f32: set dropout.weights = 0");
}

void check_dropout(const Config& config) {
  const DropoutConfig& dropout = config.model.dropout;
  if (!dropout.any()) return;
  require(config.run.device == Device::Kind::cpu, Exit::usage,
          "[dropout] masks on CPUs alone, and run.device = \"cuda\": set its rates to 0");
  require(
      dropout.weights == 0 || (config.model.low_rank.rank == 0 && config.model.adapter.rank == 0),
      Exit::usage,
      "dropout.weights = {} masks matrices, and low_rank.rank or adapter.rank makes them sums of "
      "products, whose mask would be none of the sum: use dropout.ffn",
      dropout.weights);
  if (dropout.weights == 0 || dropout.weights_share != MaskShare::fixed) return;
  require(dropout.weights_kind == MaskKind::drop, Exit::usage,
          "dropout.weights_share = \"fixed\" leaves weights out, and dropout.weights_kind = "
          "\"gaussian\" none: use \"drop\"");
  require(config.train.initial.empty(), Exit::usage,
          "dropout.weights_share = \"fixed\" masks new weights, and train.initial = \"{}\" brings "
          "trained ones: `switchyard model prune` leaves out some of those",
          config.train.initial);
  require(config.train.optimizer == MatrixOptimizer::adamw && config.train.galore.rank == 0,
          Exit::usage,
          "dropout.weights_share = \"fixed\" keeps single weights at 0, and Muon and GaLore update "
          "matrices as wholes: use train.optimizer = \"adamw\" and galore.rank = 0");
}

namespace {

void check_outer_steps(const IslandsConfig& islands) {
  require(islands.fragments <= islands.sync_every, Exit::usage,
          "islands.fragments = {} is more than islands.sync_every = {}: one fragment at most is "
          "sent after each step",
          islands.fragments, islands.sync_every);
  const std::int64_t between = islands.sync_every / islands.fragments;
  require(islands.overlap_steps <= between, Exit::usage,
          "islands.overlap_steps = {} is more than the {} steps between two exchanges "
          "(islands.sync_every / islands.fragments): one is on its way at a time",
          islands.overlap_steps, between);
  require(islands.aggregate != Aggregate::trimmed_mean || 2 * islands.trim < islands.count,
          Exit::usage,
          "islands.trim = {} leaves nothing of {} islands: trim fewer than half of them",
          islands.trim, islands.count);
}

void check_batches_of_islands(const Config& config) {
  const TrainConfig& train = config.train;
  const auto check = [&](const char* what, std::int64_t sequences) {
    const std::int64_t micro_batches = sequences / train.micro_batch_size;
    require(micro_batches % train.islands.count == 0, Exit::usage,
            "{} = {} are {} micro-batches, which do not divide among islands.count = {}", what,
            sequences, micro_batches, train.islands.count);
  };
  check("train.global_batch_size", train.global_batch_size);
  for (const auto& [step, sequences] : train.batch_ramp) check("train.batch_ramp", sequences);
}

}  // namespace

void check_islands(const Config& config) {
  const IslandsConfig& islands = config.train.islands;
  require(islands.count == 1 || islands.active(), Exit::usage,
          "islands.count = {} needs islands.sync_every, the steps between their exchanges: 30 to "
          "500 are usual",
          islands.count);
  if (!islands.active()) return;
  check_outer_steps(islands);
  check_batches_of_islands(config);
  require(config.run.device == Device::Kind::cpu, Exit::usage,
          "[islands] run on CPUs alone, and run.device = \"cuda\": set islands.sync_every = 0");
  require(config.train.placement_every == 0, Exit::usage,
          "train.placement_every = {} moves experts within an island, whose ranks must host the "
          "same as those of the others: set it to 0",
          config.train.placement_every);
  require(config.train.values == ValueFormat::f32, Exit::usage,
          "train.values = \"{}\" keeps codes, and islands exchange f32 weights: set it to \"f32\"",
          name_of(config.train.values));
  require(config.train.guide_steps == 0, Exit::usage,
          "train.guide_steps = {} makes another model in the course of the run, which islands do "
          "not follow: set it to 0",
          config.train.guide_steps);
  require(config.router.record.empty() && config.router.replay.empty(), Exit::usage,
          "router.record and router.replay are of one island: set islands.count = 1 and "
          "islands.sync_every = 0");
}

}  // namespace switchyard
