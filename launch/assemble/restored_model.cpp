#include "launch/assemble/restored_model.h"

#include <algorithm>

#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/run/checkpoint_meta.h"
#include "model/transformer/matmul_shapes.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"
#include "train/arithmetic.h"
#include "train/state/load_state.h"

namespace switchyard {

RestoredModel::RestoredModel(const std::filesystem::path& path,
                             const std::vector<std::string>& sets, std::unique_ptr<Comm> world) {
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
  stream_.emplace(make_stream(config_.run, device, *world));
  mesh_.emplace(make_mesh(make_device_world(std::move(world), device).comm, degree));
  Transformer::Options options = model_options(config_, tokenizer_->vocabulary(), device);
  options.load_factor = 0.0;     // batches of other sizes than in training
  options.recompute_layers = 0;  // keys and values of all layers are remembered
  options.use = ParamUse::inference;
  model_.emplace(config_.model, config_.router, options, *mesh_);
  if (config_.train.exact)
    agree_on_arithmetic(matmul_shapes(model_->params()), *mesh_->world, *stream_);
  agree(*mesh_->world, [&] { load_values(*checkpoint_, *model_); });
}

}  // namespace switchyard
