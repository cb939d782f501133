#include "train/matrix/matrix_state.h"

#include <algorithm>

#include "model/param_role.h"
#include "train/matrix/newton_schulz.h"
#include "train/matrix/subspace.h"

namespace switchyard {
namespace {

// A single row or column has a direction and no subspace: it is a score, as a router's is.
bool is_matrix(const ParamSpec& spec) {
  return spec.shape.num_dims() == 2 && std::min(spec.shape[0], spec.shape[1]) > 1;
}

// Of attention, of feed-forward networks and of experts.
bool is_of_layers(const ParamSpec& spec) {
  if (!is_matrix(spec)) return false;
  const ParamRole role = role_of_param(spec.name);
  return role == ParamRole::attention || role == ParamRole::ffn || role == ParamRole::shared ||
         role == ParamRole::experts;
}

ParamState galore_state(const GaloreConfig& galore, const Shape& shape) {
  const std::int64_t rank = galore_rank(galore, shape);
  const bool rows = projects_rows(shape);
  const Shape moment = rows ? Shape{shape[0], rank} : Shape{rank, shape[1]};
  const Shape projection = rows ? Shape{rank, shape[1]} : Shape{shape[0], rank};
  return {.parts = {moment, moment, projection}, .whole = true};
}

}  // namespace

std::int64_t galore_rank(const GaloreConfig& galore, const Shape& shape) {
  return std::min({galore.rank, shape[0], shape[1]});
}

MatrixWork matrix_work(const TrainConfig& config, const Shape& shape) {
  if (config.values == ValueFormat::int8) return {};
  const std::int64_t elements = shape.size();
  if (config.optimizer == MatrixOptimizer::muon) {
    const std::int64_t small = std::min(shape[0], shape[1]);
    return {newton_schulz_flops(shape), 2 * elements + 2 * small * small};
  }
  const GaloreConfig& galore = config.galore;
  const std::int64_t rank = galore_rank(galore, shape);
  const double there_and_back = 4.0 * static_cast<double>(elements * rank);
  const std::int64_t moment = galore_state(galore, shape).of(StatePart::first_moment).size();
  return {there_and_back + subspace_flops(shape, rank) / static_cast<double>(galore.every),
          elements + std::max(2 * moment, subspace_scratch_elements(shape, rank))};
}

std::vector<MatmulShape> matrix_products(const TrainConfig& config, const Shape& shape) {
  if (config.values == ValueFormat::int8) return {};
  const std::int64_t m = shape[0], n = shape[1];
  if (config.optimizer == MatrixOptimizer::muon) {
    const std::int64_t k = std::min(m, n);
    const bool tall = m > n;
    return {tall ? MatmulShape{n, n, m, Op::transposed, Op::plain}
                 : MatmulShape{m, m, n, Op::plain, Op::transposed},
            {k, k, k, Op::plain, Op::plain},
            {m, n, k, Op::plain, Op::plain}};
  }
  const std::int64_t rank = galore_rank(config.galore, shape);
  const bool rows = projects_rows(shape);
  return {rows ? MatmulShape{m, rank, n, Op::plain, Op::transposed}
               : MatmulShape{rank, n, m, Op::transposed, Op::plain},
          {m, n, rank, Op::plain, Op::plain}};
}

ParamStateRule matrix_states(const TrainConfig& config) {
  if (config.values == ValueFormat::int8)
    return [](const ParamSpec& spec) {
      ParamState state = adamw_state(spec);
      state.whole = state.packed = is_of_layers(spec);
      if (state.packed) state.cost = static_cast<double>(spec.shape.size());
      return state;
    };
  const bool muon = config.optimizer == MatrixOptimizer::muon;
  if (!muon && config.galore.rank == 0) return {};
  return [config, muon, targets = chosen_by(config.galore.targets)](const ParamSpec& spec) {
    if (muon ? !is_of_layers(spec) : !(is_matrix(spec) && targets && targets(spec.name)))
      return adamw_state(spec);
    ParamState state = muon ? ParamState{.parts = {spec.shape}, .whole = true}
                            : galore_state(config.galore, spec.shape);
    state.cost = matrix_work(config, spec.shape).flops;
    return state;
  };
}

}  // namespace switchyard
