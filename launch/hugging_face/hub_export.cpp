#include "launch/hugging_face/hub_export.h"

#include "io/checkpoint/checkpoint.h"
#include "io/transform/copies.h"
#include "io/transform/engine.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "train/state/load_state.h"
#include "train/state/state_names.h"

namespace switchyard::hub {
namespace {

// Every value and every bias of a gate is exported; moments, counts and modules of multi-token
// prediction are the training's.
std::vector<TensorPlan> exported_plans(const CheckpointReader& checkpoint) {
  std::vector<TensorPlan> plans;
  for (const std::string& name : checkpoint.names()) {
    if (mtp_module_of_state(name) >= 0) continue;
    if (name.starts_with("value/") || name.ends_with(".bias"))
      plans.push_back(copy_plan({name, checkpoint.shape(name)}, 0, name));
  }
  return plans;
}

}  // namespace

Exported export_model(const ExportOptions& options, Comm& world) {
  std::string from;
  on_root(world, [&] { from = resolve_checkpoint(options.from).string(); });
  const CheckpointReader checkpoint = CheckpointReader::open_on_all(from, world);
  HubDescription what;
  std::vector<TensorPlan> plans;
  agree(world, [&] {
    const nlohmann::json lineage = checkpoint.meta().value("lineage", nlohmann::json::object());
    what = describe_hub(config_of(checkpoint), *tokenizer_of(checkpoint), lineage, options.format);
    plans = hub_plans(exported_plans(checkpoint), what, checkpoint.folder().string());
  });
  HubSink sink(options.folder, what, world);
  const CheckpointReader* const sources[] = {&checkpoint};
  run_plans(plans, sources, sink, world);
  sink.commit();
  Exported report{what.family, std::ssize(what.layout.tensors()), 0, std::ssize(what.shards.files)};
  report.mtp_modules = num_mtp_modules(checkpoint);
  for (const Tensor& tensor : what.layout.tensors()) report.parameters += tensor.elements();
  for (const Shard& shard : what.shards.files) report.bytes += shard.bytes();
  return report;
}

}  // namespace switchyard::hub
