#include "train/step/optimizer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "model/param_role.h"
#include "runtime/device/trace.h"
#include "runtime/random.h"
#include "train/matrix/galore.h"
#include "train/matrix/matrix_state.h"
#include "train/matrix/muon.h"
#include "train/ops.h"

namespace switchyard {

namespace {

std::int64_t num_layers(const Params& params) {
  std::int64_t layers = 0;
  for (const Param& param : params.all())
    layers = std::max(layers, 1 + layer_of_param(param.spec.name));
  return layers;
}

}  // namespace

Optimizer::Optimizer(const TrainConfig& config) : config_(config) {}

void Optimizer::update(Params& params, std::int64_t step, double rate, double gradient_scale,
                       Stream& stream) {
  AdamWStep of_step;
  of_step.beta1 = static_cast<float>(config_.beta1);
  of_step.beta2 = static_cast<float>(config_.beta2);
  of_step.epsilon = static_cast<float>(config_.epsilon);
  const auto exponent = static_cast<double>(step + 1);
  of_step.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta1, exponent)));
  of_step.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(config_.beta2, exponent)));
  of_step.gradient_factor = gradient_scale * params.gradient_factor();

  const std::int64_t layers = config_.layer_rate_decay == 1.0 ? 0 : num_layers(params);
  std::vector<AdamWParam> owned;
  std::vector<ParamId> matrices;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const auto [begin, end] = params.owned(id);
    if (begin == end || !params.trained(id)) continue;
    if (params.state_of(id).whole) {
      matrices.push_back(id);
      continue;
    }
    const ParamSpec& spec = params.spec(id);
    AdamWStep constants =
        of_param(of_step, spec, step, rate, param_rates(config_, spec.name, layers));
    constants.first_element = begin;
    owned.push_back({params.gradient(id).range(begin, end), constants,
                     params.value(id).range(begin, end), params.first_moment(id),
                     params.second_moment(id)});
  }
  {
    const Span span(stream, "optimizer");
    TrainOps::on(stream.device()).adamw(owned, stream);
  }
  if (!matrices.empty()) update_matrices(params, matrices, of_step, step, rate, layers, stream);
}

AdamWStep Optimizer::of_param(const AdamWStep& of_step, const ParamSpec& spec, std::int64_t step,
                              double rate, const ParamRates& factors) const {
  AdamWStep constants = of_step;
  constants.rate = static_cast<float>(rate * factors.rate);
  constants.weight_decay =
      spec.decays ? static_cast<float>(config_.weight_decay * factors.decay) : 0.0F;
  const Philox key = Random(static_cast<std::uint64_t>(config_.seed), Purpose::moment_rounding,
                            static_cast<std::uint64_t>(step))
                         .bits(spec.key());
  constants.rounding_key = std::uint64_t{key[0]} << 32 | key[1];
  return constants;
}

void Optimizer::update_packed(Params& params, ParamId id, const AdamWStep& constants,
                              std::int64_t step, Stream& stream) const {
  const Tensor weights = params.decoded(id, stream);
  const auto flat = [](Tensor tensor) { return tensor.view({tensor.size()}); };
  TrainOps::on(stream.device())
      .adamw({{flat(params.gradient(id)), constants, flat(weights), params.first_moment(id),
               params.second_moment(id)}},
             stream);
  std::optional<RoundingChance> chance;
  if (config_.int8_rounding == CodeRounding::chance) {
    const Philox key = Random(static_cast<std::uint64_t>(config_.seed), Purpose::value_rounding,
                              static_cast<std::uint64_t>(step))
                           .bits(params.spec(id).key());
    chance = RoundingChance{{key[0], key[1]}};
  }
  params.set_values(id, weights, stream, chance);
}

void Optimizer::update_matrices(Params& params, std::span<const ParamId> ids,
                                const AdamWStep& of_step, std::int64_t step, double rate,
                                std::int64_t layers, Stream& stream) {
  const bool packed = config_.values == ValueFormat::int8;
  const Span span(stream, packed ? "optimizer" : "matrices");
  std::int64_t elements = 0;
  for (const ParamId id : ids)
    elements = std::max(elements, matrix_work(config_, params.spec(id).shape).scratch_elements);
  if (scratch_.tensor().size() < elements) scratch_ = Buffer(Shape{elements}, DType::f32);
  for (const ParamId id : ids) {
    const ParamSpec& spec = params.spec(id);
    const ParamRates factors = param_rates(config_, spec.name, layers);
    if (params.packed(id)) {
      update_packed(params, id, of_param(of_step, spec, step, rate, factors), step, stream);
      continue;
    }
    MatrixRates rates{.rate = static_cast<float>(rate * factors.rate)};
    if (spec.decays) rates.weight_decay = static_cast<float>(config_.weight_decay * factors.decay);
    const auto view = [&](StatePart part) {
      return params.state(id, part).view(params.state_of(id).of(part));
    };
    if (config_.optimizer == MatrixOptimizer::muon) {
      rates.scale = muon_scale(spec.shape);
      muon_update({params.gradient(id), of_step.gradient_factor, params.value(id),
                   view(StatePart::first_moment), rates},
                  static_cast<float>(config_.momentum), scratch_, stream);
    } else {
      rates.scale = static_cast<float>(config_.galore.scale);
      galore_update({params.gradient(id), of_step, params.value(id), view(StatePart::first_moment),
                     view(StatePart::second_moment), view(StatePart::projection), rates,
                     static_cast<std::uint64_t>(config_.seed) ^ spec.key()},
                    config_.galore, step, scratch_, stream);
    }
  }
}

std::vector<MatmulShape> Optimizer::matmul_shapes(const Params& params) const {
  std::set<std::pair<std::int64_t, std::int64_t>> sizes;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const Shape& shape = params.spec(id).shape;
    if (params.trained(id) && params.state_of(id).whole) sizes.emplace(shape[0], shape[1]);
  }
  std::vector<MatmulShape> shapes;
  for (const auto& [rows, cols] : sizes)
    for (const MatmulShape& shape : matrix_products(config_, {rows, cols})) shapes.push_back(shape);
  return shapes;
}

}  // namespace switchyard
