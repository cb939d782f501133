#include "launch/models/factor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "io/transform/copies.h"
#include "launch/config/sum_checks.h"
#include "launch/models/parts.h"
#include "launch/run/checkpoint_meta.h"
#include "model/linear_terms.h"
#include "model/param_role.h"
#include "runtime/error.h"
#include "runtime/factors.h"

namespace switchyard::models {
namespace {

using Values = std::vector<float>;

Values read(const CheckpointReader& model, const std::string& name) {
  Values values(static_cast<std::size_t>(model.shape(name).size()));
  model.read_part(name, 0, values);
  return values;
}

// A tensor that is made at once, when its first unit is asked for, and dropped after its last.
class WholeOp final : public UnitOp {
 public:
  explicit WholeOp(std::function<Values()> make) : make_(std::move(make)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    if (unit.begin == 0) values_ = make_();
    std::copy_n(values_.begin() + unit.begin, out.size(), out.begin());
    if (unit.begin + std::ssize(out) == std::ssize(values_)) values_ = {};
  }

 private:
  std::function<Values()> make_;
  mutable Values values_;
};

// bytes_read: of the tensors that `make` reads.
TensorPlan whole_plan(ModelTensor tensor, std::int64_t bytes_read, std::function<Values()> make) {
  TensorPlan plan{std::move(tensor), {}};
  plan.bytes_read_whole = bytes_read;
  plan.parts.push_back({plan.tensor.shape.size(), {}, std::make_shared<WholeOp>(std::move(make))});
  return plan;
}

// The factors of the matrix that was asked for last: U and V are usually made one after the other.
struct LastFactors {
  std::string name;
  Factors factors;

  const Factors& of(const CheckpointReader& model, const std::string& wanted, std::int64_t rank) {
    if (name == wanted) return factors;
    const Shape shape = model.shape(wanted);
    factors = factors_of(read(model, wanted), shape[0], shape[1], rank);
    name = wanted;
    return factors;
  }
};

std::int64_t rank_of(const Recipe& recipe, const ModelConfig& model) {
  if (recipe.rank > 0) return recipe.rank;
  const std::int64_t inner = is_all_dense(model) ? model.ffn_hidden : model.expert_hidden;
  const double of_one = static_cast<double>(model.hidden * inner) /
                        static_cast<double>(model.hidden + inner);  // rank with as many parameters
  return std::max<std::int64_t>(1, std::llround(recipe.share * of_one));
}

DType dtype_of(const Recipe& recipe, const CheckpointReader& model, const std::string& name) {
  return name.starts_with(value_prefix) ? recipe.dtype.value_or(model.dtype(name))
                                        : model.dtype(name);
}

void sort(std::vector<TensorPlan>& plans) {
  std::ranges::sort(plans, {}, [](const TensorPlan& plan) { return plan.tensor.name; });
}

// W + scale B A, or without W. The rows of b are the result's.
Values product(Values w, const Values& b, const Values& a, std::int64_t rank, double scale) {
  const std::int64_t out = std::ssize(b) / rank, in = std::ssize(a) / rank;
  w.resize(static_cast<std::size_t>(out * in));
  std::vector<double> row(static_cast<std::size_t>(in));
  for (std::int64_t o = 0; o < out; ++o) {
    std::ranges::fill(row, 0.0);
    for (std::int64_t k = 0; k < rank; ++k) {
      const double factor = b[static_cast<std::size_t>(o * rank + k)];
      for (std::int64_t i = 0; i < in; ++i)
        row[static_cast<std::size_t>(i)] += factor * a[static_cast<std::size_t>(k * in + i)];
    }
    for (std::int64_t i = 0; i < in; ++i) {
      float& element = w[static_cast<std::size_t>(o * in + i)];
      element = static_cast<float>(element + scale * row[static_cast<std::size_t>(i)]);
    }
  }
  return w;
}

// A matrix with what multiplies it out: NAME with NAME.lora_a and NAME.lora_b, or NAME.v and
// NAME.u.
TensorPlan folded_plan(const Recipe& recipe, const CheckpointReader& model, const std::string& name,
                       double scale, bool adapter) {
  const std::string first = name + std::string(adapter ? lora_a_suffix : v_suffix),
                    second = name + std::string(adapter ? lora_b_suffix : u_suffix);
  const std::int64_t rank = model.shape(first)[0];
  const Shape shape{model.shape(second)[0], model.shape(first)[1]};
  std::int64_t bytes = 0;
  for (const std::string& part : {first, second, adapter ? name : std::string()})
    if (!part.empty()) bytes += model.shape(part).size() * bytes_of(model.dtype(part));
  return whole_plan({name, shape, dtype_of(recipe, model, adapter ? name : first)}, bytes,
                    [=, &model] {
                      return product(adapter ? read(model, name) : Values{}, read(model, second),
                                     read(model, first), rank, scale);
                    });
}

}  // namespace

Grown low_rank_plans(const Recipe& recipe, const CheckpointReader& model) {
  Grown made{config_of(model), {}};
  ModelConfig& config = made.config.model;
  require(config.low_rank.rank == 0 && config.adapter.rank == 0, Exit::usage,
          "{} has {} already: make it dense with method = \"fold\" first", model.folder().string(),
          config.adapter.rank > 0 ? "adapters" : "low-rank layers");
  config.low_rank = {.rank = rank_of(recipe, config), .layers = recipe.layers};
  for (const std::int64_t layer : recipe.layers)
    require(layer < config.num_layers, Exit::usage, "layers names layer {}, but the last one is {}",
            layer, config.num_layers - 1);
  check_low_rank(config);
  const auto last = std::make_shared<LastFactors>();
  for (const std::string& name : model_names(model)) {
    const DType dtype = dtype_of(recipe, model, name);
    const std::string param =
        name.starts_with(value_prefix) ? name.substr(value_prefix.size()) : std::string();
    const LinearTerms terms = param.empty() ? LinearTerms{} : terms_of_param(config, false, param);
    if (terms.kind != LinearTerms::Kind::low_rank || param.ends_with(".shared_gate")) {
      made.plans.push_back(copy_plan({name, model.shape(name), dtype}, 0, name));
      continue;
    }
    const Shape shape = model.shape(name);
    const std::int64_t rank = terms.rank, bytes = shape.size() * bytes_of(model.dtype(name));
    made.plans.push_back(whole_plan({name + std::string(u_suffix), {shape[0], rank}, dtype}, bytes,
                                    [=, &model] { return last->of(model, name, rank).u; }));
    made.plans.push_back(whole_plan({name + std::string(v_suffix), {rank, shape[1]}, dtype}, bytes,
                                    [=, &model] { return last->of(model, name, rank).v; }));
  }
  sort(made.plans);
  return made;
}

Grown fold_plans(const Recipe& recipe, const CheckpointReader& model) {
  Grown made{config_of(model), {}};
  ModelConfig& config = made.config.model;
  const AdapterConfig adapter = config.adapter;
  require(adapter.rank > 0 || config.low_rank.rank > 0, Exit::usage,
          "{} has neither adapters nor low-rank layers to fold", model.folder().string());
  config.adapter = {};
  config.low_rank = {};
  made.config.train.guide_steps = 0;
  const double scale = adapter.rank > 0 ? adapter.alpha / static_cast<double>(adapter.rank) : 1.0;
  const std::vector<std::string> names = model_names(model);
  const auto holds = [&](const std::string& name) {
    return std::ranges::binary_search(names, name);
  };
  for (const std::string& name : names) {
    if (name.ends_with(lora_a_suffix) || name.ends_with(lora_b_suffix) || is_guide(name) ||
        name.ends_with(u_suffix))
      continue;
    if (name.ends_with(v_suffix)) {
      const std::string whole = name.substr(0, name.size() - v_suffix.size());
      if (holds(whole + std::string(u_suffix))) {
        made.plans.push_back(folded_plan(recipe, model, whole, 1.0, /*adapter=*/false));
        continue;
      }
    }
    if (holds(name + std::string(lora_a_suffix))) {
      made.plans.push_back(folded_plan(recipe, model, name, scale, /*adapter=*/true));
    } else {
      made.plans.push_back(
          copy_plan({name, model.shape(name), dtype_of(recipe, model, name)}, 0, name));
    }
  }
  sort(made.plans);
  return made;
}

}  // namespace switchyard::models
