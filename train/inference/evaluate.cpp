#include "train/inference/evaluate.h"

#include "runtime/params/rounded_values.h"
#include "train/inference/source_losses.h"

namespace switchyard {

Evaluation evaluate(Transformer& model, Mesh& mesh, Loader& loader, Stream& stream) {
  return *evaluate_unless([] { return false; }, model, mesh, loader, stream);
}

std::optional<Evaluation> evaluate_unless(const std::function<bool()>& stop, Transformer& model,
                                          Mesh& mesh, Loader& loader, Stream& stream) {
  StepSums sums = model.empty_sums();
  const std::int64_t targets = loader.num_pass_targets();
  SourceLosses sources(loader, model.loss_format());
  const RoundedValues rounded(model.params(), stream);
  for (std::int64_t step = 0; step < loader.num_pass_steps(); ++step) {
    if (step > 0 && stop()) return std::nullopt;
    for (const Batch& batch : loader.pass(step).micro_batches) {
      model.forward(batch, stream);
      sources.add(step, batch, model.evaluate(targets, sums, stream));
    }
  }
  mesh.job().all_reduce(sums.words(), Reduce::sum, stream);
  if (sums.broken() > 0) {
    throw Error(Exit::numerical,
                "the validation loss is not finite: the training has diverged; take an earlier "
                "checkpoint")
        .as_agreed();
  }
  Evaluation evaluation{model.loss_format().value(sums.loss()), sources.gather(mesh.job(), stream)};
  // Sums by sequence round otherwise than sums by micro-batch.
  if (evaluation.sources.size() == 1) evaluation.sources[0].loss = evaluation.loss;
  return evaluation;
}

}  // namespace switchyard
