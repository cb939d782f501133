#include "launch/scaling/run_size.h"

#include <optional>

#include "io/tokens/token_store.h"
#include "launch/plan/step_work.h"
#include "runtime/error.h"

namespace switchyard::scaling {

RunSize run_size(const Config& config, std::int64_t steps, std::int64_t vocabulary, int num_ranks,
                 int ranks_per_node) {
  std::optional<TokenStore> store;
  if (!config.data.dataset.empty() && vocabulary == 0) store.emplace(config.data.dataset);
  const std::int64_t ids = vocabulary > 0 ? vocabulary
                           : store        ? store->vocabulary()
                                          : config.model.vocabulary;
  require(ids > 0, Exit::usage,
          "the size of the vocabulary is unknown: set data.dataset or model.vocabulary, or use "
          "--vocabulary SIZE");
  RunSize size;
  size.shape = plan::run_shape(config, ids, num_ranks, ranks_per_node, 1);
  const ModelConfig& model = config.model;
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  const std::int64_t tables = (model.tie_embeddings ? 1 : 2) * size.shape.vocabulary * model.hidden;
  size.model.active = number(size.shape.active_elements());
  size.model.total = number(size.shape.total_elements());
  size.model.body = number(size.shape.active_elements() - tables);
  size.model.tokens = number(StepSamples(config.train.batch_ramp, config.train.global_batch_size,
                                         config.train.micro_batch_size)
                                 .first_sample(steps) *
                             config.data.sequence_length);
  if (store) size.model.unique_tokens = number(store->num_tokens("train"));
  if (!is_all_dense(model)) {
    size.model.experts = model.num_experts;
    size.model.top_k = config.router.top_k;
  }
  size.flops = plan::training_flops_per_token(size.shape) * size.model.tokens;
  return size;
}

}  // namespace switchyard::scaling
