#include "experts/ffn.h"

#include "experts/ops.h"
#include "runtime/matmul.h"

namespace switchyard {

Ffn::Ffn(Params& params, const std::string& name, const Shape& shape) {
  const auto declare = [&](const char* part, std::int64_t out, std::int64_t in, double std) {
    return params.declare(
        {.name = name + "." + part, .shape = {out, in}, .init_std = std, .expert = shape.expert});
  };
  gate_ = declare("gate", shape.inner, shape.hidden, shape.init_std);
  up_ = declare("up", shape.inner, shape.hidden, shape.init_std);
  down_ = declare("down", shape.hidden, shape.inner, shape.down_init_std);
}

void Ffn::rename(Params& params, const std::string& name, bool extra_copy) const {
  params.rename(gate_, name + ".gate", extra_copy);
  params.rename(up_, name + ".up", extra_copy);
  params.rename(down_, name + ".down", extra_copy);
}

Ffn::Saved Ffn::Saved::row_range(std::int64_t begin, std::int64_t end) const {
  return {gate.row_range(begin, end), up.row_range(begin, end), product.row_range(begin, end)};
}

Ffn::Saved Ffn::take(Arena& arena, std::int64_t rows, std::int64_t inner) {
  return {arena.take({rows, inner}), arena.take({rows, inner}), arena.take({rows, inner})};
}

void Ffn::forward(const Params& params, Tensor x, const Saved& saved, Tensor out,
                  Stream& stream) const {
  matmul(x, Op::plain, params.value(gate_), Op::transposed, saved.gate, Write::replace, stream);
  matmul(x, Op::plain, params.value(up_), Op::transposed, saved.up, Write::replace, stream);
  ExpertOps::on(stream.device()).swiglu(saved.gate, saved.up, saved.product, stream);
  matmul(saved.product, Op::plain, params.value(down_), Op::transposed, out, Write::replace,
         stream);
}

void Ffn::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                   Stream& stream) const {
  params.add_gradient_product(down_, d_out, saved.product, stream);
  const Tensor d_product = saved.product;
  matmul(d_out, Op::plain, params.value(down_), Op::plain, d_product, Write::replace, stream);
  const Tensor d_gate = saved.gate, d_up = saved.up;
  ExpertOps::on(stream.device())
      .swiglu_backward(saved.gate, saved.up, d_product, d_gate, d_up, stream);
  params.add_gradient_product(gate_, d_gate, x, stream);
  params.add_gradient_product(up_, d_up, x, stream);
  matmul(d_gate, Op::plain, params.value(gate_), Op::plain, d_x, Write::replace, stream);
  matmul(d_up, Op::plain, params.value(up_), Op::plain, d_x, Write::add, stream);
}

}  // namespace switchyard
