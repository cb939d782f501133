#include "launch/hugging_face/hub_import.h"

#include <optional>

#include "io/transform/copies.h"
#include "io/transform/engine.h"
#include "launch/hugging_face/hub_match.h"
#include "launch/hugging_face/hub_source.h"
#include "runtime/comm/agree.h"

namespace switchyard::hub {
namespace {

// Values keep their type, but for F16; the biases of gates are f32, as training has them.
std::vector<TensorPlan> imported_plans(const CheckpointReader& reader) {
  std::vector<TensorPlan> plans;
  for (const std::string& name : reader.names()) {
    const DType dtype = name.starts_with("value/") ? reader.dtype(name) : DType::f32;
    plans.push_back(copy_plan({name, reader.shape(name), dtype}, 0, name));
  }
  return plans;
}

}  // namespace

Imported import_model(const ImportOptions& options, Comm& world) {
  std::optional<HubSource> source;
  std::optional<CheckpointReader> reader;
  std::vector<TensorPlan> plans;
  agree(world, [&] {
    source.emplace(open_hub_source({options.from, options.tokenizer, options.sequence_length}));
    reader.emplace(source->reader());
    plans = imported_plans(*reader);
  });
  if (source->model.config.model.tie_embeddings)
    on_root(world, [&] { require_same_head(source->weights); });
  ModelWriter writer(options.folder, tensors_of(plans), source->description, world);
  const CheckpointReader* const sources[] = {&*reader};
  run_plans(plans, sources, writer, world);
  writer.commit();
  Imported report{source->model.family, std::ssize(source->layout.tensors()), 0,
                  source->weights.num_files(), source->weights.bytes()};
  for (const Tensor& tensor : source->layout.tensors()) report.parameters += tensor.elements();
  report.sequence_length = source->model.config.data.sequence_length;
  report.max_positions = source->model.max_positions;
  return report;
}

}  // namespace switchyard::hub
