// The loss of a model on data that it is not trained on.
#pragma once

#include <functional>
#include <optional>

#include "io/loader/loader.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "train/step_report.h"

namespace switchyard {

// Collective. One pass over the loader's split. Errors: agreed, Exit::numerical if the loss is not
// finite.
Evaluation evaluate(Transformer& model, Mesh& mesh, Loader& loader, Stream& stream);
// The same, or nothing once `stop` says so: collective, asked between the loader's steps.
std::optional<Evaluation> evaluate_unless(const std::function<bool()>& stop, Transformer& model,
                                          Mesh& mesh, Loader& loader, Stream& stream);

}  // namespace switchyard
