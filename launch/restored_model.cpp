#include "launch/restored_model.h"

#include <algorithm>

#include "launch/assemble.h"
#include "launch/checkpoint_meta.h"
#include "launch/layout.h"
#include "runtime/agree.h"

namespace switchyard {

RestoredModel::RestoredModel(const std::filesystem::path& path, std::unique_ptr<Comm> world) {
  std::string folder;
  on_root(*world, [&] { folder = resolve_checkpoint(path).string(); });
  checkpoint_.emplace(CheckpointReader::open_on_all(folder, *world));
  agree(*world, [&] {
    config_ = config_of(*checkpoint_);
    tokenizer_ = tokenizer_of(*checkpoint_);
  });
  // Evaluation may use more ranks than a training step has micro-batches.
  config_.train.global_batch_size =
      std::max(config_.train.global_batch_size, config_.train.micro_batch_size * world->size());
  config_.router.extra_copies = 0;  // nothing moves here
  const int degree =
      choose_expert_degree("auto", world->size(), config_.model.num_experts, true).degree;
  stream_.emplace(Stream::cpu(choose_threads(config_.run.threads, *world)));
  mesh_.emplace(make_mesh(std::move(world), degree));
  Transformer::Options options = model_options(config_, tokenizer_->vocabulary(), Device::cpu());
  options.load_factor = 0.0;     // batches of other sizes than in training
  options.recompute_layers = 0;  // keys and values of all layers are remembered
  model_.emplace(config_.model, config_.router, options, *mesh_);
  trainer_.emplace(*model_, *mesh_, config_.train, *stream_);
  agree(*mesh_->world, [&] { trainer_->load(*checkpoint_); });
}

}  // namespace switchyard
