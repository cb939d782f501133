#include "launch/assemble.h"

#include "launch/config_checks.h"
#include "runtime/agree.h"
#include "runtime/error.h"
#include "runtime/ops.h"

namespace switchyard {

Config agree_on_config(const ConfigSources& sources, Comm& world) {
  std::string text;
  on_root(world, [&] {
    const Config config = load_config(sources);
    check_config(config);
    text = print_config(config, Docs::no);
  });
  Config config;
  apply_toml(config, broadcast_text(world, text, 0), "the config of rank 0");
  return config;
}

Loader::Layout loader_layout(const Config& config, const Comm& world) {
  return {.sequence_length = config.data.sequence_length,
          .global_batch_size = config.train.global_batch_size,
          .micro_batch_size = config.train.micro_batch_size,
          .seed = static_cast<std::uint64_t>(config.train.seed),
          .rank = world.rank(),
          .num_ranks = world.size(),
          .weights = config.data.weights,
          .access = config.data.mmap ? Access::mmap : Access::pread};
}

Transformer::Options model_options(const Config& config, std::int64_t vocabulary,
                                   RoutingTape* tape) {
  return {.vocabulary = vocabulary,
          .sequence_length = config.data.sequence_length,
          .exact = config.train.exact,
          .step_tokens = config.train.global_batch_size * config.data.sequence_length,
          .num_micro_batches = config.train.global_batch_size / config.train.micro_batch_size,
          .seed = static_cast<std::uint64_t>(config.train.seed),
          .tape = tape,
          .precision = product_precision(config.train)};
}

void require_device(const RunConfig& run) {
  if (run.device == "cuda") RuntimeOps::on(Device::cuda(0));
}

}  // namespace switchyard
