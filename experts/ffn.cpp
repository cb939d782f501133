#include "experts/ffn.h"

#include "experts/ops.h"

namespace switchyard {
namespace {

// Layer: a Linear, or a LinearGroup with those of many networks.
template <class Layer>
struct Layers {
  const Layer &gate, &up, &down;
};

// The masks of one network's rows.
struct FfnMasks {
  const RowContext& rows;
  std::uint64_t name;

  // What down reads, or its gradient.
  void drop(Tensor product, Stream& stream) const {
    for (const auto& [begin, end, number] : rows.activations) {
      const Dropout& dropout = *rows.masks.dropout;
      const Tensor part = product.row_range(begin, end);
      dropout.drop(dropout.of_ffn(), rows.masks.step, name, number, part, part, stream);
    }
  }
};

template <class Layer>
void forward_through(const Layers<Layer>& layers, const Params& params, Tensor x,
                     const Ffn::Saved& saved, Tensor out, Stream& stream, const FfnMasks& masks) {
  const auto& [gate, up, down] = layers;
  gate.forward(params, x, saved.gate, stream, saved.work(0, masks.rows));
  up.forward(params, x, saved.up, stream, saved.work(1, masks.rows));
  ExpertOps::on(stream.device()).swiglu(saved.gate, saved.up, saved.product, stream);
  masks.drop(saved.product, stream);
  down.forward(params, saved.product, out, stream, saved.work(2, masks.rows));
}

template <class Layer>
void backward_through(const Layers<Layer>& layers, Params& params, Tensor x,
                      const Ffn::Saved& saved, Tensor d_out, Tensor d_x, Stream& stream,
                      const FfnMasks& masks) {
  const auto& [gate, up, down] = layers;
  down.weight_gradient(params, d_out, saved.product, stream, saved.work(2, masks.rows));
  const Tensor d_product = saved.product;
  down.input_gradient(params, d_out, d_product, Write::replace, stream, saved.work(2, masks.rows));
  masks.drop(d_product, stream);
  const Tensor d_gate = saved.gate, d_up = saved.up;
  ExpertOps::on(stream.device())
      .swiglu_backward(saved.gate, saved.up, d_product, d_gate, d_up, stream);
  gate.weight_gradient(params, d_gate, x, stream, saved.work(0, masks.rows));
  gate.input_gradient(params, d_gate, d_x, Write::replace, stream, saved.work(0, masks.rows));
  up.weight_gradient(params, d_up, x, stream, saved.work(1, masks.rows));
  up.input_gradient(params, d_up, d_x, Write::add, stream, saved.work(1, masks.rows));
}

const RowContext no_masks;
constexpr std::string_view last_matrix = ".down";

}  // namespace

// spec_of(part): its name.
template <class SpecOf>
void Ffn::declare(Params& params, const Shape& shape, const SpecOf& spec_of) {
  const auto linear = [&](const char* part, std::int64_t out, std::int64_t in, double std) {
    ParamSpec spec = spec_of(part);
    spec.shape = {out, in};
    spec.init_std = std;
    return Linear(params, spec);
  };
  layers_[0] = linear("gate", shape.inner, shape.hidden, shape.init_std);
  layers_[1] = linear("up", shape.inner, shape.hidden, shape.init_std);
  layers_[2] = linear("down", shape.hidden, shape.inner, shape.down_init_std);
  narrow_ = Narrow::of([&](const char* part) { return params.terms_of(spec_of(part)); }, shape);
}

Ffn::Ffn(Params& params, const std::string& name, const Shape& shape) {
  declare(params, shape, [&](const char* part) { return ParamSpec{.name = name + "." + part}; });
}

Ffn::Ffn(Params& params, const std::string& layer, int expert, const Shape& shape) {
  declare(params, shape, [&](const char* part) {
    return ParamSpec{.expert = ExpertPart{layer, expert, part}};
  });
}

std::vector<ParamId> Ffn::params() const {
  std::vector<ParamId> all;
  for (const Linear& layer : layers_)
    for (const ParamId id : layer.matrices()) all.push_back(id);
  return all;
}

void Ffn::host_expert(Params& params, const std::string& layer, int expert, bool extra_copy) const {
  for (const ParamId id : this->params()) params.host_expert(id, layer, expert, extra_copy);
}

Ffn::Saved Ffn::Saved::row_range(std::int64_t begin, std::int64_t end) const {
  Saved part{gate.row_range(begin, end), up.row_range(begin, end), product.row_range(begin, end)};
  for (std::size_t i = 0; i < narrow.size(); ++i)
    if (!narrow[i].empty()) part.narrow[i] = narrow[i].row_range(begin, end);
  if (!scaled.empty()) part.scaled = scaled.row_range(begin, end);
  return part;
}

Ffn::Saved Ffn::take(Arena& arena, std::int64_t rows, std::int64_t inner, const Narrow& sums) {
  Saved saved{arena.take({rows, inner}), arena.take({rows, inner}), arena.take({rows, inner})};
  for (std::size_t i = 0; i < sums.ranks.size(); ++i)
    if (sums.ranks[i] > 0) saved.narrow[i] = arena.take({rows, sums.ranks[i]});
  if (sums.scaled > 0) saved.scaled = arena.take({rows, sums.scaled});
  return saved;
}

// Of a layer of low rank as of a dense one, with a guide as without.
std::uint64_t Ffn::mask_name(const Params& params, const RowContext& rows) const {
  if (rows.activations.empty()) return 0;
  const std::string& name = params.spec(layers_[2].matrices().front()).name;
  return key_of_name(
      std::string_view(name).substr(0, name.rfind(last_matrix) + last_matrix.size()));
}

void Ffn::forward(const Params& params, Tensor x, const Saved& saved, Tensor out, Stream& stream,
                  const RowContext& rows) const {
  forward_through<Linear>({layers_[0], layers_[1], layers_[2]}, params, x, saved, out, stream,
                          {rows, mask_name(params, rows)});
}

void Ffn::backward(Params& params, Tensor x, const Saved& saved, Tensor d_out, Tensor d_x,
                   Stream& stream, const RowContext& rows) const {
  backward_through<Linear>({layers_[0], layers_[1], layers_[2]}, params, x, saved, d_out, d_x,
                           stream, {rows, mask_name(params, rows)});
}

LinearGroup FfnGroup::layer(std::size_t part) const {
  std::vector<LinearGroup::Member> layers;
  for (const auto& [ffn, rows] : members_) layers.push_back({&ffn->layers_[part], rows});
  return LinearGroup(std::move(layers));
}

void FfnGroup::forward(const Params& params, Tensor x, const Ffn::Saved& saved, Tensor out,
                       Stream& stream) const {
  forward_through<LinearGroup>({layer(0), layer(1), layer(2)}, params, x, saved, out, stream,
                               {no_masks, 0});
}

void FfnGroup::backward(Params& params, Tensor x, const Ffn::Saved& saved, Tensor d_out, Tensor d_x,
                        Stream& stream) const {
  backward_through<LinearGroup>({layer(0), layer(1), layer(2)}, params, x, saved, d_out, d_x,
                                stream, {no_masks, 0});
}

}  // namespace switchyard
