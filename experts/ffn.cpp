#include "experts/ffn.h"

#include "experts/ops.h"

namespace switchyard {
namespace {

// Layer: a Linear, or a LinearGroup with those of many networks.
template <class Layer>
struct Layers {
  const Layer &gate, &up, &down;
};

template <class Layer>
void forward_through(const Layers<Layer>& layers, const Params& params, Tensor x,
                     const Ffn::Saved& saved, Tensor out, Stream& stream) {
  const auto& [gate, up, down] = layers;
  gate.forward(params, x, saved.gate, stream);
  up.forward(params, x, saved.up, stream);
  ExpertOps::on(stream.device()).swiglu(saved.gate, saved.up, saved.product, stream);
  down.forward(params, saved.product, out, stream);
}

template <class Layer>
void backward_through(const Layers<Layer>& layers, Params& params, Tensor x,
                      const Ffn::Saved& saved, Tensor d_out, Tensor d_x, Stream& stream) {
  const auto& [gate, up, down] = layers;
  down.weight_gradient(params, d_out, saved.product, stream);
  const Tensor d_product = saved.product;
  down.input_gradient(params, d_out, d_product, Write::replace, stream);
  const Tensor d_gate = saved.gate, d_up = saved.up;
  ExpertOps::on(stream.device())
      .swiglu_backward(saved.gate, saved.up, d_product, d_gate, d_up, stream);
  gate.weight_gradient(params, d_gate, x, stream);
  up.weight_gradient(params, d_up, x, stream);
  gate.input_gradient(params, d_gate, d_x, Write::replace, stream);
  up.input_gradient(params, d_up, d_x, Write::add, stream);
}

}  // namespace

// linear(part, out, in, std): a Linear of that part.
template <class Declare>
void Ffn::declare(const Shape& shape, const Declare& linear) {
  gate_ = linear("gate", shape.inner, shape.hidden, shape.init_std);
  up_ = linear("up", shape.inner, shape.hidden, shape.init_std);
  down_ = linear("down", shape.hidden, shape.inner, shape.down_init_std);
}

Ffn::Ffn(Params& params, const std::string& name, const Shape& shape) {
  declare(shape, [&](const char* part, std::int64_t out, std::int64_t in, double std) {
    return Linear(params, {.name = name + "." + part, .shape = {out, in}, .init_std = std});
  });
}

Ffn::Ffn(Params& params, const std::string& layer, int expert, const Shape& shape) {
  declare(shape, [&](const char* part, std::int64_t out, std::int64_t in, double std) {
    return Linear(params,
                  {.shape = {out, in}, .init_std = std, .expert = ExpertPart{layer, expert, part}});
  });
}

void Ffn::host_expert(Params& params, int expert, bool extra_copy) const {
  for (const ParamId id : this->params()) params.host_expert(id, expert, extra_copy);
}

Ffn::Saved Ffn::Saved::row_range(std::int64_t begin, std::int64_t end) const {
  return {gate.row_range(begin, end), up.row_range(begin, end), product.row_range(begin, end)};
}

Ffn::Saved Ffn::take(Arena& arena, std::int64_t rows, std::int64_t inner) {
  return {arena.take({rows, inner}), arena.take({rows, inner}), arena.take({rows, inner})};
}

void Ffn::forward(const Params& params, Tensor x, const Saved& saved, Tensor out,
                  Stream& stream) const {
  forward_through<Linear>({gate_, up_, down_}, params, x, saved, out, stream);
}

void Ffn::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                   Stream& stream) const {
  backward_through<Linear>({gate_, up_, down_}, params, x, saved, d_out, d_x, stream);
}

LinearGroup FfnGroup::layer(std::size_t part) const {
  std::vector<ParamRows> layers;
  for (const auto& [ffn, rows] : members_) layers.push_back({ffn->params()[part], rows});
  return LinearGroup(std::move(layers));
}

void FfnGroup::forward(const Params& params, Tensor x, const Ffn::Saved& saved, Tensor out,
                       Stream& stream) const {
  forward_through<LinearGroup>({layer(0), layer(1), layer(2)}, params, x, saved, out, stream);
}

void FfnGroup::backward(Params& params, Tensor x, const Ffn::Saved& saved, Tensor d_out, Tensor d_x,
                        Stream& stream) const {
  backward_through<LinearGroup>({layer(0), layer(1), layer(2)}, params, x, saved, d_out, d_x,
                                stream);
}

}  // namespace switchyard
