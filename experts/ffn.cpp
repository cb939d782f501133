#include "experts/ffn.h"

#include "experts/ops.h"

namespace switchyard {

Ffn::Ffn(Params& params, const std::string& name, const Shape& shape) {
  const auto declare = [&](const char* part, std::int64_t out, std::int64_t in, double std) {
    return Linear(
        params,
        {.name = name + "." + part, .shape = {out, in}, .init_std = std, .expert = shape.expert});
  };
  gate_ = declare("gate", shape.inner, shape.hidden, shape.init_std);
  up_ = declare("up", shape.inner, shape.hidden, shape.init_std);
  down_ = declare("down", shape.hidden, shape.inner, shape.down_init_std);
}

void Ffn::rename(Params& params, const std::string& name, bool extra_copy) const {
  params.rename(gate_.weight(), name + ".gate", extra_copy);
  params.rename(up_.weight(), name + ".up", extra_copy);
  params.rename(down_.weight(), name + ".down", extra_copy);
}

Ffn::Saved Ffn::Saved::row_range(std::int64_t begin, std::int64_t end) const {
  return {gate.row_range(begin, end), up.row_range(begin, end), product.row_range(begin, end)};
}

Ffn::Saved Ffn::take(Arena& arena, std::int64_t rows, std::int64_t inner) {
  return {arena.take({rows, inner}), arena.take({rows, inner}), arena.take({rows, inner})};
}

void Ffn::forward(const Params& params, Tensor x, const Saved& saved, Tensor out,
                  Stream& stream) const {
  gate_.forward(params, x, saved.gate, stream);
  up_.forward(params, x, saved.up, stream);
  ExpertOps::on(stream.device()).swiglu(saved.gate, saved.up, saved.product, stream);
  down_.forward(params, saved.product, out, stream);
}

void Ffn::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                   Stream& stream) const {
  down_.weight_gradient(params, d_out, saved.product, stream);
  const Tensor d_product = saved.product;
  down_.input_gradient(params, d_out, d_product, Write::replace, stream);
  const Tensor d_gate = saved.gate, d_up = saved.up;
  ExpertOps::on(stream.device())
      .swiglu_backward(saved.gate, saved.up, d_product, d_gate, d_up, stream);
  gate_.weight_gradient(params, d_gate, x, stream);
  up_.weight_gradient(params, d_up, x, stream);
  gate_.input_gradient(params, d_gate, d_x, Write::replace, stream);
  up_.input_gradient(params, d_up, d_x, Write::add, stream);
}

}  // namespace switchyard
