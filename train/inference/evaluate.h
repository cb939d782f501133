// The loss of a model on data that it is not trained on.
#pragma once

#include <functional>
#include <optional>

#include "io/loader/loader.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"

namespace switchyard {

// Collective. Mean cross-entropy per token over one pass of the loader's split. Errors: agreed,
// Exit::numerical if it is not finite.
double evaluate(Transformer& model, Mesh& mesh, Loader& loader, Stream& stream);
// The same, or nothing once `stop` says so: collective, asked between the loader's steps.
std::optional<double> evaluate_unless(const std::function<bool()>& stop, Transformer& model,
                                      Mesh& mesh, Loader& loader, Stream& stream);

}  // namespace switchyard
