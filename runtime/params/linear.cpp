#include "runtime/params/linear.h"

#include <cmath>

#include "runtime/device/ops.h"
#include "runtime/expect.h"
#include "runtime/product/matmul.h"

namespace switchyard {
namespace {

using Kind = LinearTerms::Kind;

// Layer: a Linear or a LinearGroup.
template <class Layer>
void forward_sum(const Layer& layer, const Params& params, Tensor x, Tensor y,
                 const Linear::Work& work, Stream& stream) {
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const auto [weight, chain] = layer.shares(params);
  Write write = Write::replace;
  if (weight != 0.0F) {
    layer.multiply(params, Factor::weight, x, y, write, stream);
    if (weight != 1.0F) ops.scale(weight, y, stream);
    write = Write::add;
  }
  if (layer.rank() == 0) return;
  expect_size("narrow", work.narrow, x.rows() * layer.rank());
  layer.multiply(params, Factor::first, x, work.narrow, Write::replace, stream);
  if (chain != 1.0F) ops.scale(chain, work.narrow, stream);
  layer.multiply(params, Factor::second, work.narrow, y, write, stream);
}

// d_y times the weight's share.
Tensor scaled_gradient(float share, Tensor d_y, const Linear::Work& work) {
  return share == 1.0F ? d_y : work.scaled.range(0, d_y.size()).view(d_y.shape);
}

template <class Layer>
void weight_gradients(const Layer& layer, Params& params, Tensor d_y, Tensor x,
                      const Linear::Work& work, Stream& stream) {
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const auto [weight, chain] = layer.shares(params);
  if (weight != 0.0F) {
    const Tensor d = scaled_gradient(weight, d_y, work);
    if (weight != 1.0F) {
      ops.copy(d_y, d, stream);
      ops.scale(weight, d, stream);
    }
    layer.add_gradient(params, Factor::weight, d, x, stream);
  }
  if (layer.rank() == 0) return;
  layer.add_gradient(params, Factor::second, d_y, work.narrow, stream);
  layer.multiply_back(params, Factor::second, d_y, work.narrow, Write::replace, stream);
  if (chain != 1.0F) ops.scale(chain, work.narrow, stream);
  layer.add_gradient(params, Factor::first, work.narrow, x, stream);
}

template <class Layer>
void input_gradients(const Layer& layer, const Params& params, Tensor d_y, Tensor d_x, Write write,
                     const Linear::Work& work, Stream& stream) {
  const float weight = layer.shares(params).weight;
  if (weight != 0.0F) {
    layer.multiply_back(params, Factor::weight, scaled_gradient(weight, d_y, work), d_x, write,
                        stream);
    write = Write::add;
  }
  if (layer.rank() > 0) layer.multiply_back(params, Factor::first, work.narrow, d_x, write, stream);
}

}  // namespace

Linear::Linear(Params& params, ParamSpec spec, Bias bias, std::optional<Precision> precision)
    : precision_(precision) {
  const ParamSpec of_bias{.name = spec.name + "_bias", .shape = {spec.shape[0]}, .decays = false};
  terms_ = params.terms_of(spec);
  declare(params, spec);
  if (bias == Bias::yes) bias_ = params.declare(of_bias);
}

void Linear::declare(Params& params, const ParamSpec& spec) {
  const std::int64_t out = spec.shape[0], in = spec.shape[1], rank = terms_.rank;
  const auto add = [&](Factor factor, std::string_view suffix, Shape shape, ParamSpec part) {
    part.name = spec.name + std::string(suffix);
    part.shape = shape;
    part.expert = spec.expert;
    if (part.expert) part.expert->part += suffix;
    ids_[static_cast<std::size_t>(factor)] = params.declare(part);
  };
  if (terms_.kind == Kind::dense || terms_.kind == Kind::adapted) ids_[0] = params.declare(spec);
  if (terms_.kind == Kind::guided)
    add(Factor::weight, guide_suffix, spec.shape, {.init = ParamInit::product});
  if (terms_.kind == Kind::adapted) {
    add(Factor::first, lora_a_suffix, {rank, in},
        {.init = ParamInit::uniform, .init_std = 1.0 / std::sqrt(static_cast<double>(in))});
    add(Factor::second, lora_b_suffix, {out, rank}, {});
  } else if (rank > 0) {
    add(Factor::first, v_suffix, {rank, in},
        {.init = ParamInit::factor, .init_std = spec.init_std});
    add(Factor::second, u_suffix, {out, rank},
        {.init = ParamInit::factor, .init_std = spec.init_std});
  }
}

std::vector<ParamId> Linear::matrices() const {
  std::vector<ParamId> all;
  for (const ParamId id : ids_)
    if (id >= 0) all.push_back(id);
  return all;
}

TermShares Linear::shares(const Params& params) const {
  switch (terms_.kind) {
    case Kind::dense:
      return {};
    case Kind::adapted:
      return {1.0F, terms_.scale};
    case Kind::low_rank:
      return {0.0F, 1.0F};
    case Kind::guided:
      break;
  }
  const float share = params.guide_share(id(Factor::weight));
  return {share, 1.0F - share};
}

void Linear::multiply(const Params& params, Factor factor, Tensor x, Tensor y, Write write,
                      Stream& stream) const {
  if (params.watch() != nullptr) params.watch()->multiplies(id(factor), x, stream);
  if (const CodedWeights* const codes = params.codes(id(factor))) {
    require(write == Write::replace, "weights in codes are the first term of a sum");
    return codes->multiply(x, y, stream);
  }
  const Precision precision = precision_.value_or(params.precision().forward);
  matmul(x, Op::plain, params.operand(id(factor), precision, stream), Op::transposed, y, write,
         stream, precision);
}

void Linear::multiply_back(const Params& params, Factor factor, Tensor d_y, Tensor d_x, Write write,
                           Stream& stream) const {
  const Precision precision = precision_.value_or(params.precision().input_gradient);
  matmul(d_y, Op::plain, params.operand(id(factor), precision, stream), Op::plain, d_x, write,
         stream, precision);
}

void Linear::add_gradient(Params& params, Factor factor, Tensor d_y, Tensor x,
                          Stream& stream) const {
  params.add_gradient_product(id(factor), d_y, x, stream,
                              precision_.value_or(params.precision().weight_gradient));
}

void Linear::forward(const Params& params, Tensor x, Tensor y, Stream& stream,
                     const Work& work) const {
  if (work.masked != nullptr) {
    multiply_masked(params, x, y, *work.masked, stream);
  } else {
    forward_sum(*this, params, x, y, work, stream);
  }
  if (bias_ >= 0) RuntimeOps::on(stream.device()).add_to_rows(params.value(bias_), y, stream);
}

void Linear::weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream,
                             const Work& work) const {
  if (work.masked != nullptr) return add_masked_gradient(params, d_y, x, *work.masked, stream);
  weight_gradients(*this, params, d_y, x, work, stream);
}

void Linear::input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                            Stream& stream, const Work& work) const {
  if (work.masked != nullptr)
    return multiply_back_masked(params, d_y, d_x, write, *work.masked, stream);
  input_gradients(*this, params, d_y, d_x, write, work, stream);
}

Linear::BiasScratch Linear::BiasScratch::take(Arena& arena, std::int64_t rows, std::int64_t out) {
  return {arena.take({num_row_sums(rows), out}), arena.take({out})};
}

void Linear::bias_gradient(Params& params, Tensor d_y, const BiasScratch& scratch,
                           Stream& stream) const {
  if (bias_ < 0) return;
  RuntimeOps::on(stream.device()).sum_rows(d_y, scratch.sums, scratch.sum, stream);
  params.add_gradient(bias_, scratch.sum, stream);
}

std::vector<RowGroup> LinearGroup::groups(const Params& params, Factor factor, Precision precision,
                                          Stream& stream) const {
  std::vector<RowGroup> groups;
  for (const auto& [layer, rows] : members_)
    groups.push_back({rows.begin, rows.end, params.operand(layer->id(factor), precision, stream)});
  return groups;
}

bool LinearGroup::is_packed(const Params& params, Factor factor) const {
  return params.packed(members_.front().layer->id(factor));
}

// One matrix is decoded at a time, for all of its rows that follow one another.
void LinearGroup::multiply_packed(const Params& params, Factor factor, Tensor in, Op op, Tensor out,
                                  Write write, Stream& stream, Precision precision) const {
  const Linear* decoded = nullptr;
  Tensor weights;
  for (const auto& [layer, rows] : members_) {
    if (rows.begin == rows.end) continue;
    if (layer != decoded) weights = params.operand(layer->id(factor), precision, stream);
    decoded = layer;
    matmul(in.row_range(rows.begin, rows.end), Op::plain, weights, op,
           out.row_range(rows.begin, rows.end), write, stream, precision);
  }
}

TermShares LinearGroup::shares(const Params& params) const {
  return members_.front().layer->shares(params);
}

void LinearGroup::multiply(const Params& params, Factor factor, Tensor x, Tensor y, Write write,
                           Stream& stream) const {
  for (const auto& [layer, rows] : members_) {
    if (params.watch() == nullptr) break;
    params.watch()->multiplies(layer->id(factor), x.row_range(rows.begin, rows.end), stream);
  }
  const Precision precision = params.precision().forward;
  if (is_packed(params, factor))
    return multiply_packed(params, factor, x, Op::transposed, y, write, stream, precision);
  matmul_groups(x, Op::transposed, groups(params, factor, precision, stream), y, write, stream,
                precision);
}

void LinearGroup::multiply_back(const Params& params, Factor factor, Tensor d_y, Tensor d_x,
                                Write write, Stream& stream) const {
  const Precision precision = params.precision().input_gradient;
  if (is_packed(params, factor))
    return multiply_packed(params, factor, d_y, Op::plain, d_x, write, stream, precision);
  matmul_groups(d_y, Op::plain, groups(params, factor, precision, stream), d_x, write, stream,
                precision);
}

void LinearGroup::add_gradient(Params& params, Factor factor, Tensor d_y, Tensor x,
                               Stream& stream) const {
  std::vector<ParamRows> addends;
  for (const auto& [layer, rows] : members_) addends.push_back({layer->id(factor), rows});
  params.add_gradient_products(addends, d_y, x, stream, params.precision().weight_gradient);
}

void LinearGroup::forward(const Params& params, Tensor x, Tensor y, Stream& stream,
                          const Linear::Work& work) const {
  forward_sum(*this, params, x, y, work, stream);
}

void LinearGroup::weight_gradient(Params& params, Tensor d_y, Tensor x, Stream& stream,
                                  const Linear::Work& work) const {
  weight_gradients(*this, params, d_y, x, work, stream);
}

void LinearGroup::input_gradient(const Params& params, Tensor d_y, Tensor d_x, Write write,
                                 Stream& stream, const Linear::Work& work) const {
  input_gradients(*this, params, d_y, d_x, write, work, stream);
}

}  // namespace switchyard
