#include "train/inference/evaluate.h"

#include "runtime/params/rounded_values.h"

namespace switchyard {

double evaluate(Transformer& model, Mesh& mesh, Loader& loader, Stream& stream) {
  return *evaluate_unless([] { return false; }, model, mesh, loader, stream);
}

std::optional<double> evaluate_unless(const std::function<bool()>& stop, Transformer& model,
                                      Mesh& mesh, Loader& loader, Stream& stream) {
  StepSums sums = model.empty_sums();
  const std::int64_t targets = loader.num_pass_targets();
  const RoundedValues rounded(model.params(), stream);
  for (std::int64_t step = 0; step < loader.num_pass_steps(); ++step) {
    if (step > 0 && stop()) return std::nullopt;
    for (const Batch& batch : loader.pass(step).micro_batches) {
      model.forward(batch, stream);
      model.evaluate(targets, sums, stream);
    }
  }
  mesh.world->all_reduce(sums.words(), Reduce::sum, stream);
  if (sums.broken() > 0) {
    throw Error(Exit::numerical,
                "the validation loss is not finite: the training has diverged; take an earlier "
                "checkpoint")
        .as_agreed();
  }
  return model.loss_format().value(sums.loss());
}

}  // namespace switchyard
