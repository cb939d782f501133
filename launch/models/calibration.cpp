#include "launch/models/calibration.h"

#include <algorithm>

#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/product/matmul.h"

namespace switchyard::models {
namespace {

constexpr std::int64_t rows_at_once = 2048;  // tokens of a micro-batch, about

}  // namespace

Calibration::Calibration(const Recipe& recipe, const CheckpointReader& model, const Config& config,
                         Comm& world) {
  agree(world, [&] {
    const TokenStore store{std::filesystem::path(recipe.calibration.dataset)};
    check_same_tokenizer(model, store);
    require(store.num_tokens("train") > 0, Exit::data, "{} has no document to calibrate with",
            recipe.calibration.dataset);
    load(store, recipe, config, world);
  });
}

void Calibration::load(const TokenStore& store, const Recipe& recipe, const Config& config,
                       const Comm& world) {
  const std::int64_t length = config.data.sequence_length;
  std::int64_t rows = std::max<std::int64_t>(1, rows_at_once / length);
  while (rows * length % row_tile != 0) ++rows;
  num_batches_ = (recipe.calibration.tokens + rows * length - 1) / (rows * length);
  total_rows_ = num_batches_ * rows * length;
  const auto ranks =
      static_cast<int>(std::min<std::int64_t>(world.size(), num_batches_));  // that have some
  loader_.emplace(store, /*rows_folder=*/"", "train",
                  Loader::Layout{.sequence_length = length,
                                 .global_batch_size = num_batches_ * rows,
                                 .micro_batch_size = rows,
                                 .seed = recipe.seed,
                                 .rank = std::min(world.rank(), ranks - 1),
                                 .num_ranks = ranks});
  const StepData data = loader_->step(0);
  batches_.assign(data.micro_batches.begin(), data.micro_batches.end());
  for (Batch& batch : batches_) {
    batch.step = -1;  // gates add no noise
    if (world.rank() >= ranks) batch = {};
  }
}

}  // namespace switchyard::models
