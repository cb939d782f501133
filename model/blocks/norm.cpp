#include "model/blocks/norm.h"

#include "model/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

Norm::Norm(Params& params, const std::string& name, std::int64_t hidden, float epsilon)
    : epsilon_(epsilon) {
  weight_ = params.declare({.name = name, .shape = {hidden}, .init_value = 1.0F, .decays = false});
}

void Norm::forward(const Params& params, Tensor x, Saved& saved, Arena& arena,
                   Stream& stream) const {
  const Span span(stream, "norms");
  saved.out = arena.take(x.shape);
  saved.inverse = arena.take({x.rows()});
  ModelOps::on(stream.device())
      .rms_norm(x, params.value(weight_), epsilon_, saved.out, saved.inverse, stream);
}

void Norm::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                    Arena& scratch, Stream& stream) const {
  const Span span(stream, "norms");
  ModelOps& ops = ModelOps::on(stream.device());
  const Tensor d_weight = scratch.take({x.cols()});
  ops.rms_norm_backward({x, params.value(weight_), saved.inverse, d_out, d_x, d_weight},
                        scratch.take({ops.rms_norm_scratch(x.rows(), x.cols())}), stream);
  params.add_gradient(weight_, d_weight, stream);
}

}  // namespace switchyard
