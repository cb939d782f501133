#include "launch/assemble/restored_model.h"

#include <algorithm>

#include "io/text/byte_size.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/host/counted.h"
#include "launch/host/host_name.h"
#include "launch/machine/machine_memory.h"
#include "launch/run/checkpoint_meta.h"
#include "model/transformer/matmul_shapes.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "train/arithmetic.h"
#include "train/state/load_state.h"
#include "train/state/state_names.h"
#include "train/step/guide.h"

namespace switchyard {
namespace {

// The values that a rank holds: every one but those of experts, which the ranks share.
std::int64_t bytes_of_values(const CheckpointReader& checkpoint, int expert_degree) {
  std::int64_t shared = 0, in_experts = 0;
  for (const std::string& name : checkpoint.names()) {
    if (!name.starts_with("value/")) continue;     // moments
    if (mtp_module_of_state(name) >= 0) continue;  // inference has none
    const std::int64_t bytes = checkpoint.held_bytes(name);
    (ExpertPart::of_name(name) ? in_experts : shared) += bytes;
  }
  return shared + (in_experts + expert_degree - 1) / expert_degree;
}

// Collective. Otherwise the kernel would kill a rank while it loads. Errors: agreed.
void require_memory(const CheckpointReader& checkpoint, int expert_degree, Comm& world) {
  const std::unique_ptr<Comm> node = world.split_node();
  const MemoryLeft left = memory_left();
  agree(world, [&] {
    const std::int64_t needed = node->size() * bytes_of_values(checkpoint, expert_degree);
    require(needed <= left.bytes, Exit::usage,
            "loading the model takes {} on this node ({}), and {} has {} left on {}: use more "
            "nodes, which share the experts",
            bytes_in_words(needed), counted(node->size(), "rank"), left.limit,
            bytes_in_words(left.bytes), host_name());
  });
}

// A checkpoint of a run's guided steps.
bool holds_guides(const CheckpointReader& checkpoint) {
  const std::vector<std::string> names = checkpoint.names();
  return std::any_of(names.begin(), names.end(), is_guide);
}

}  // namespace

RestoredModel::RestoredModel(const std::filesystem::path& path,
                             const std::vector<std::string>& sets, std::unique_ptr<Comm> world,
                             ForwardWatch* watch, Codes codes) {
  std::string folder;
  on_root(*world, [&] { folder = resolve_checkpoint(path).string(); });
  checkpoint_.emplace(CheckpointReader::open_on_all(folder, *world));
  agree(*world, [&] {
    config_ = config_of(*checkpoint_);
    config_.run.device = RunConfig{}.device;
    apply_run_sets(config_, sets);
    tokenizer_ = tokenizer_of(*checkpoint_);
  });
  // Evaluation may use more ranks than a training step has micro-batches.
  config_.train.global_batch_size =
      std::max(config_.train.global_batch_size, config_.train.micro_batch_size * world->size());
  config_.router.extra_copies = 0;  // experts do not move during inference
  const int degree =
      choose_expert_degree("auto", world->size(), config_.model.num_experts, true).degree;
  const Device device = choose_device(config_.run, *world);
  if (device.kind == Device::Kind::cpu) require_memory(*checkpoint_, degree, *world);
  stream_.emplace(make_stream(config_, device, *world));
  mesh_.emplace(make_mesh(make_device_world(std::move(world), device).comm, degree));
  const std::int64_t steps_done = holds_guides(*checkpoint_) ? checkpoint_->step() : 0;
  Transformer::Options options =
      model_options(config_, tokenizer_->vocabulary(), device, nullptr, steps_done);
  options.guided = options.guided && holds_guides(*checkpoint_);
  options.load_factor = 0.0;     // batches of other sizes than in training
  options.recompute_layers = 0;  // keys and values of all layers are remembered
  options.use = ParamUse::inference;
  options.freeze.clear();
  options.watch = watch;
  if (codes == Codes::keep && device.kind == Device::Kind::cpu)
    options.formats = [this](std::string_view name) {
      return checkpoint_->format("value/" + std::string(name));
    };
  model_.emplace(config_.model, config_.router, options, *mesh_);
  if (config_.train.exact)
    agree_on_arithmetic(matmul_shapes(model_->params()), *mesh_->world, *stream_);
  agree(*mesh_->world, [&] { load_values(*checkpoint_, *model_); });
  set_guides(model_->params(), config_.train, steps_done, /*skips=*/false);
}

}  // namespace switchyard
