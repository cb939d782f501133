#include "launch/plan/run_shape.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "experts/placement.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/config/config_checks.h"
#include "launch/host/counted.h"
#include "launch/plan/size_check.h"
#include "model/linear_terms.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "runtime/error.h"
#include "train/matrix/matrix_state.h"
#include "train/step/frozen.h"
#include "train/step/guide.h"

namespace switchyard::plan {
namespace {

std::int64_t expert_size(const ModelConfig& model) {
  return 3 * model.hidden * model.expert_hidden;
}

// As Params::round_values decides it.
bool rounds_weights(const TrainConfig& train) {
  const ProductPrecision precision = product_precision(train);
  return precision.forward == Precision::bf16 || precision.input_gradient == Precision::bf16 ||
         precision.head == Precision::bf16;
}

bool is_beside_dense(const ParamSpec& spec) {
  return is_adapter(spec.name) || spec.init == ParamInit::factor || spec.init == ParamInit::product;
}

// Takes the dense matrices away that low-rank layers lack.
void take_replaced(const ModelConfig& model, std::span<std::int64_t> added) {
  const auto take = [&](ParamRole role, std::int64_t inner) {
    added[static_cast<std::size_t>(role)] -= 3 * model.hidden * inner;
  };
  for (int layer = 0; layer < model.num_layers; ++layer) {
    if (!is_low_rank(model, layer)) continue;
    if (is_dense(model, layer)) {
      take(ParamRole::ffn, model.ffn_hidden);
    } else {
      take(ParamRole::experts, model.expert_hidden);
      take(ParamRole::shared, model.shared_expert_hidden);
    }
  }
}

// Adds what the owner of the most has of these matrices, of which every replica holds `copies`.
void add_matrices(const TrainConfig& train, const std::vector<const Param*>& matrices,
                  std::int64_t copies, int num_replicas, RunShape::MatrixUpdates& sum) {
  std::vector<const Param*> held;
  std::vector<double> costs;
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    for (const Param* matrix : matrices) {
      held.push_back(matrix);
      costs.push_back(matrix->state.cost);
    }
  }
  std::vector<RunShape::MatrixUpdates> of_owner(static_cast<std::size_t>(num_replicas));
  const std::vector<int> owners = whole_owners(costs, num_replicas);
  for (std::size_t i = 0; i < held.size(); ++i) {
    RunShape::MatrixUpdates& owned = of_owner[static_cast<std::size_t>(owners[i])];
    for (const StatePart part : all_state_parts)
      owned.state_elements += held[i]->state.of(part).size();
    owned.flops += costs[i];
    sum.scratch_elements =
        std::max(sum.scratch_elements, matrix_work(train, held[i]->spec.shape).scratch_elements);
  }
  const auto most = [&](auto RunShape::MatrixUpdates::*what) {
    return std::ranges::max(of_owner, {}, what).*what;
  };
  sum.state_elements += most(&RunShape::MatrixUpdates::state_elements);
  sum.flops += most(&RunShape::MatrixUpdates::flops);
}

// Counts them in a model that has no memory.
void count_parameters(const Config& config, RunShape& shape) {
  const bool sums = config.model.adapter.rank > 0 || config.model.low_rank.rank > 0;
  if (config.train.freeze.empty() && !sums && !matrix_states(config.train)) return;
  RouterConfig router = config.router;
  router.exchange = ExchangeKind::flat;
  router.extra_copies = 0;
  Transformer::Options options = model_options(config, shape.vocabulary, Device{});
  options.use = ParamUse::declared;
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Transformer model(config.model, router, options, mesh);
  check_frozen(model.params(), config.model, config.train.freeze);
  const std::int64_t plain_dense = shape.dense_elements();
  std::int64_t dense = 0, of_an_expert = 0;
  std::vector<const Param*> dense_matrices, matrices_of_an_expert;
  for (const Param& param : model.params().all()) {
    const ParamSpec& spec = param.spec;
    const std::int64_t size = spec.shape.size();
    if (spec.expert && spec.expert->expert > 0) continue;
    (spec.expert ? of_an_expert : dense) += size;
    if (!spec.frozen) shape.largest_trained = std::max(shape.largest_trained, size);
    if (spec.frozen) (spec.expert ? shape.frozen_of_an_expert : shape.frozen_dense) += size;
    const auto role = static_cast<std::size_t>(role_of_param(spec.name));
    if (spec.frozen && spec.shape.num_dims() == 2) shape.without_gradient[role] += size;
    if (is_beside_dense(spec)) shape.added[role] += size;
    if (spec.frozen || !param.state.whole) continue;
    if (param.state.packed) {
      (spec.expert ? shape.packed.saved_of_an_expert : shape.packed.saved_dense) +=
          4 * (size - packed_words(spec.shape));
      shape.packed.largest = std::max(shape.packed.largest, size);
    }
    (spec.expert ? matrices_of_an_expert : dense_matrices).push_back(&param);
    (spec.expert ? shape.matrices.of_an_expert : shape.matrices.dense) += size;
  }
  add_matrices(config.train, dense_matrices, 1, shape.num_ranks, shape.matrices);
  add_matrices(config.train, matrices_of_an_expert, shape.hosted_experts(), shape.num_replicas(),
               shape.matrices);
  if (shape.packed.largest > 0) shape.matrices.flops = 0.0;  // AdamW's, which are bytes
  if (model.config().low_rank.rank > 0) take_replaced(config.model, shape.added);
  shape.added_dense = dense - plain_dense;
  shape.added_of_an_expert = of_an_expert - shape.num_moe_layers() * expert_size(config.model);
}

}  // namespace

std::int64_t RunShape::slots_of_experts() const {
  if (model.num_experts == 0) return 0;
  return Placement::max_num_replicas(model.num_experts, expert_degree,
                                     model.num_experts + router.extra_copies);
}

std::int64_t RunShape::hosted_experts() const {
  return (slots_of_experts() + expert_degree - 1) / expert_degree;
}

std::int64_t RunShape::dense_elements() const {
  const std::int64_t d = model.hidden, queries = model.num_heads * model.head_dim,
                     keys = model.num_kv_heads * model.head_dim;
  const std::int64_t norms = 2 * d + (model.qk_norm == QkNorm::head         ? 2 * model.head_dim
                                      : model.qk_norm == QkNorm::projection ? queries + keys
                                                                            : 0);
  const std::int64_t biases = (model.qkv_bias ? queries + 2 * keys : 0) + (model.o_bias ? d : 0);
  std::int64_t routers = router.gate == GateKind::hash ? 0 : model.num_experts * d;
  if (router.gate == GateKind::noisy_topk) routers *= 2;
  const std::int64_t tables = (model.tie_embeddings ? 1 : 2) * vocabulary * d;
  return tables + d + model.mtp_depth * (2 * d * d + 3 * d) +
         num_blocks(model) * (d * (2 * queries + 2 * keys) + norms + biases) +
         num_dense_layers() * 3 * d * model.ffn_hidden +
         num_moe_layers() *
             (routers + 3 * d * model.shared_expert_hidden + (has_shared_gate(model) ? d : 0)) +
         added_dense;
}

std::int64_t RunShape::expert_elements() const {
  return hosted_experts() * (num_moe_layers() * expert_size(model) + added_of_an_expert);
}

std::int64_t RunShape::trained_dense_elements() const { return dense_elements() - frozen_dense; }

std::int64_t RunShape::trained_expert_elements() const {
  return expert_elements() - hosted_experts() * frozen_of_an_expert;
}

double RunShape::owned_block_elements() const {
  const auto dense = static_cast<double>(trained_dense_elements() - matrices.dense),
             experts = static_cast<double>(trained_expert_elements() -
                                           hosted_experts() * matrices.of_an_expert);
  // AdamW updates packed matrices, too, with two moments.
  const auto of_packed = static_cast<double>(packed.largest > 0 ? matrices.state_elements / 2 : 0);
  return dense / num_ranks + experts / num_replicas() + of_packed;
}

std::int64_t RunShape::total_elements() const {
  return dense_elements() +
         model.num_experts * (num_moe_layers() * expert_size(model) + added_of_an_expert);
}

std::int64_t RunShape::active_elements() const {
  return dense_elements() +
         router.top_k * (num_moe_layers() * expert_size(model) + added_of_an_expert);
}

RunShape run_shape(const Config& config, std::int64_t num_ids, int all_ranks, int ranks_per_node,
                   int threads) {
  const IslandsConfig& islands = config.train.islands;
  require(all_ranks % islands.count == 0, Exit::usage,
          "islands.count = {} does not divide the number of ranks, {}: use a multiple of it",
          islands.count, all_ranks);
  const int num_ranks = all_ranks / islands.count;
  const std::int64_t sequences = config.train.global_batch_size / islands.count;
  const std::int64_t micro_batches = sequences / config.train.micro_batch_size;
  require(num_ranks <= micro_batches, Exit::usage,
          "{} for only {} in a step{}: use fewer ranks, or a smaller train.micro_batch_size",
          counted(num_ranks, "rank"), counted(micro_batches, "micro-batch"),
          islands.count > 1 ? " of an island" : "");
  RunShape shape;
  shape.model = config.model;
  shape.router = config.router;
  shape.exact = config.train.exact;
  shape.moment_bytes = bytes_of(moments_dtype(config.train));
  shape.device = config.run.device;
  shape.rounded_weights = shape.device == Device::Kind::cuda && rounds_weights(config.train);
  shape.tf32 = config.run.tf32;
  shape.asynchronous_saves = config.checkpoint.async;
  shape.local_saves = config.checkpoint.local_every > 0;
  shape.vocabulary = vocabulary_of(config.model, num_ids);
  shape.num_ranks = num_ranks;
  shape.ranks_per_node = ranks_per_node;
  shape.expert_degree = choose_expert_degree(config.parallel.experts, num_ranks,
                                             config.model.num_experts, config.parallel.elastic)
                            .degree;
  shape.threads = threads;
  shape.sequence_length = config.data.sequence_length;
  shape.micro_batch_tokens = config.train.micro_batch_size * config.data.sequence_length;
  shape.rounds = (micro_batches + num_ranks - 1) / num_ranks;
  shape.step_tokens = sequences * config.data.sequence_length;
  shape.islands = islands;
  shape.recompute_layers =
      std::min<std::int64_t>(config.train.recompute_layers, num_blocks(config.model));
  shape.mtp_modules = config.train.mtp_weight > 0 ? config.model.mtp_depth : 0;
  shape.load_factor = config.train.load_factor;
  shape.compare_every = config.guard.enabled ? config.guard.compare_every : 0;
  check_countable(shape);
  shape.guided = is_guided(config.model, config.train, 0);
  count_parameters(config, shape);
  return shape;
}

}  // namespace switchyard::plan
