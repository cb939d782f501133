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
}

}  // namespace switchyard
