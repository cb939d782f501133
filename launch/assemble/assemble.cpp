#include "launch/assemble/assemble.h"

#include "launch/assemble/layout.h"
#include "launch/config/config_checks.h"
#include "launch/machine/gpu_place.h"
#include "launch/machine/machine.h"
#include "launch/machine/numa.h"
#include "launch/run/initial_model.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "train/matrix/matrix_state.h"
#include "train/step/guide.h"

namespace switchyard {

Config agree_on_config(const ConfigSources& sources, Comm& world) {
  std::string text;
  on_root(world, [&] {
    const Config config = load_run_config(sources);
    check_config(config);
    text = print_config(config, Docs::no);
  });
  Config config;
  apply_toml(config, broadcast_text(world, text, 0), "the config of rank 0");
  return config;
}

Loader::Layout loader_layout(const Config& config, const TokenStore& store, const Comm& job) {
  Loader::Layout layout = held_out_layout(config, job);
  const IslandsConfig& islands = config.train.islands;
  layout.num_ranks = job.size() / islands.count;
  layout.rank = job.rank() % layout.num_ranks;
  layout.island = island_of(job.rank(), job.size(), islands.count);
  layout.num_islands = islands.count;
  layout.weights = config.data.weights;
  layout.phases = config.data.phases;
  layout.batch_ramp = config.train.batch_ramp;
  const ObjectiveConfig& objective = config.data.objective;
  if (!objective.rewrites() && objective.noise == 0.0) return layout;
  const std::unique_ptr<Tokenizer> tokenizer = store.tokenizer();
  const SpecialIds ids =
      special_ids(*tokenizer, vocabulary_of(config.model, tokenizer->vocabulary()));
  if (objective.fill_in_middle > 0.0)
    require_special_ids(ids, SpecialUse::fill_in_middle, *tokenizer);
  if (objective.spans > 0.0) require_special_ids(ids, SpecialUse::spans, *tokenizer);
  layout.objective.emplace(objective, ids, tokenizer->boundary(), tokenizer->vocabulary(),
                           layout.seed);
  return layout;
}

Loader::Layout held_out_layout(const Config& config, const Comm& job) {
  return {.sequence_length = config.data.sequence_length,
          .global_batch_size = config.train.global_batch_size,
          .micro_batch_size = config.train.micro_batch_size,
          .seed = static_cast<std::uint64_t>(config.train.seed),
          .rank = job.rank(),
          .num_ranks = job.size(),
          .loss_on = config.data.loss_on,
          .access = config.data.mmap ? Access::mmap : Access::pread};
}

Transformer::Options model_options(const Config& config, std::int64_t num_ids, Device device,
                                   RoutingTape* tape, std::int64_t steps_done) {
  return {.vocabulary = vocabulary_of(config.model, num_ids),
          .sequence_length = config.data.sequence_length,
          .exact = config.train.exact,
          .step_tokens = config.train.global_batch_size * config.data.sequence_length,
          .num_micro_batches = config.train.global_batch_size / config.train.micro_batch_size,
          .seed = static_cast<std::uint64_t>(config.train.seed),
          .tape = tape,
          .precision = product_precision(config.train),
          .moments = moments_dtype(config.train),
          .device = device,
          .recompute_layers = config.train.recompute_layers,
          .load_factor = config.train.load_factor,
          .freeze = config.train.freeze,
          .guided = is_guided(config.model, config.train, steps_done),
          .states = matrix_states(config.train),
          .mtp_weight = config.train.mtp_weight};
}

Device choose_device(const RunConfig& run, Comm& world) {
  Device device;
  const std::unique_ptr<Comm> node = world.split_node();
  agree(world, [&] {
    if (run.device != Device::Kind::cuda) return;
    device = Device::cuda(0);
    device.index = node->rank() % Device::num_cuda();
  });
  return device;
}

Stream make_stream(const Config& config, Device device, Comm& world) {
  if (device.kind == Device::Kind::cuda) {
    stay_beside(gpu_place(device));
    Stream stream = Stream::cuda(device, config.run.tf32);
    stream.allow_inexact_groups(!config.train.exact);
    return stream;
  }
  place_memory(numa_nodes_of(allowed_cores().mask));
  return Stream::cpu(choose_threads(config.run.threads, world));
}

}  // namespace switchyard
