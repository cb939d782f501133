#include "launch/models/compression.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "io/transform/copies.h"
#include "io/transform/magnitude.h"
#include "io/transform/quantize_ops.h"
#include "launch/models/merge.h"
#include "launch/models/parts.h"
#include "model/param_role.h"
#include "runtime/error.h"

namespace switchyard::models {
namespace {

constexpr std::int64_t largest_group = 1 << 20;
constexpr std::int64_t default_int4_group = 128;

bool is_linear(const std::string& name) {
  constexpr std::array<std::string_view, 7> last = {".q",    ".k",  ".v",   ".o",
                                                    ".gate", ".up", ".down"};
  return layer_of_param(name) >= 0 &&
         std::ranges::any_of(last, [&](std::string_view end) { return name.ends_with(end); });
}

void take_common(const Fields& fields, Compression& compression) {
  if (fields.has("only")) compression.only = fields.texts("only");
  if (compression.needs_data() && fields.has("damping"))
    compression.damping = fields.number("damping", 1e-9, 1e3);
}

// Of all weights that share a threshold.
class Thresholds {
 public:
  explicit Thresholds(const Compression& compression) : compression_(compression) {}
  std::shared_ptr<MagnitudeCounting> next() {
    if (!shared_ || compression_.over == TiesOver::tensor)
      shared_ = std::make_shared<MagnitudeCounting>(compression_.sparsity);
    return shared_;
  }

 private:
  const Compression& compression_;
  std::shared_ptr<MagnitudeCounting> shared_;
};

TensorPlan pruned_plan(const Compression& compression, const ModelTensor& tensor,
                       Thresholds& thresholds) {
  TensorPlan plan = copy_plan(tensor, 0, tensor.name);
  if (compression.prune_by != PruneBy::magnitude) {
    plan.parts.clear();
  } else if (compression.pattern == Pattern::two_of_four) {
    plan.parts[0].op = two_of_four_op();
    plan.parts[0].step = plan.parts[0].made = 4;
  } else {
    const std::shared_ptr<MagnitudeCounting> threshold = thresholds.next();
    plan.parts[0].op = magnitude_op(threshold);
    plan.counting = threshold;
  }
  return plan;
}

// The format for this matrix.
CodeFormat format_of(const Compression& compression, const std::string& name, const Shape& shape) {
  CodeFormat format = compression.format;
  if (format.group == 0) format.group = shape[1];
  require(shape[1] % format.group == 0, Exit::usage,
          "group = {} does not divide the {} columns of {}: choose a divisor, or leave these "
          "weights out with `only`",
          format.group, shape[1], name);
  require(format.bits == 8 || format.group % 2 == 0, Exit::usage,
          "{} has {} columns, and int4 codes come in pairs: use bits = 8, or leave it out with "
          "`only`",
          name, shape[1]);
  return format;
}

}  // namespace

bool Compression::needs_data() const {
  return quantizes ? quantize_by == QuantizeBy::gptq : prune_by != PruneBy::magnitude;
}

bool Compression::changes(const std::string& name, const Shape& shape) const {
  if (!name.starts_with(value_prefix) || shape.num_dims() != 2) return false;
  const std::string param = name.substr(value_prefix.size());
  return is_linear(param) && (only.empty() || std::ranges::any_of(only, [&](const auto& choice) {
                                return chooses_param(choice, param);
                              }));
}

Compression take_quantize(const Fields& fields) {
  Compression compression;
  compression.quantizes = true;
  compression.format.bits = static_cast<int>(fields.integer("bits", 4, 8));
  require(compression.format.bits == 4 || compression.format.bits == 8, Exit::usage,
          "bits = {} must be 4 or 8", compression.format.bits);
  if (compression.format.bits == 4) compression.format.group = default_int4_group;
  if (fields.has("group")) compression.format.group = fields.integer("group", 0, largest_group);
  if (fields.has("by")) compression.quantize_by = fields.named<QuantizeBy>("by");
  take_common(fields, compression);
  return compression;
}

Compression take_prune(const Fields& fields) {
  Compression compression;
  if (fields.has("by")) compression.prune_by = fields.named<PruneBy>("by");
  if (fields.has("pattern")) compression.pattern = fields.named<Pattern>("pattern");
  if (compression.pattern == Pattern::any)
    compression.sparsity = fields.number("sparsity", 0, 0.999);
  if (compression.prune_by == PruneBy::magnitude && fields.has("over"))
    compression.over = fields.named<TiesOver>("over");
  take_common(fields, compression);
  return compression;
}

std::vector<TensorPlan> compress_plans(const Compression& compression, std::optional<DType> dtype,
                                       const CheckpointReader& model) {
  Thresholds thresholds(compression);
  std::vector<TensorPlan> plans;
  bool any = false;
  for (const std::string& name : model_names(model)) {
    const Shape shape = model.shape(name);
    const DType stored =
        name.starts_with(value_prefix) ? dtype.value_or(model.dtype(name)) : model.dtype(name);
    if (!compression.changes(name, shape)) {
      plans.push_back(copy_plan({name, shape, stored}, 0, name));
      continue;
    }
    any = true;
    if (!compression.quantizes) {
      require(compression.pattern == Pattern::any || shape[1] % 4 == 0, Exit::usage,
              "{} has {} columns, which pattern = \"2:4\" cannot take in fours", name, shape[1]);
      plans.push_back(pruned_plan(compression, {name, shape, stored}, thresholds));
      continue;
    }
    for (TensorPlan& plan : quantize_plans(name, shape, format_of(compression, name, shape))) {
      if (compression.needs_data()) plan.parts.clear();
      plans.push_back(std::move(plan));
    }
  }
  require(any, Exit::usage, "`only` names no linear layer of {}", model.folder().string());
  return plans;
}

}  // namespace switchyard::models
