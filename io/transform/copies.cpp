#include "io/transform/copies.h"

#include <algorithm>

namespace switchyard {
namespace {

class Copy final : public UnitOp {
 public:
  bool copies() const override { return true; }
  void apply(const Unit& unit, std::span<float> out) const override {
    std::ranges::copy(unit.inputs.front(), out.begin());
  }
};

class Zeros final : public UnitOp {
 public:
  void apply(const Unit&, std::span<float> out) const override { std::ranges::fill(out, 0.0F); }
};

}  // namespace

std::shared_ptr<const UnitOp> copy_op() {
  static const std::shared_ptr<const UnitOp> op = std::make_shared<Copy>();
  return op;
}

TensorPlan copy_plan(const ModelTensor& tensor, std::size_t source, const std::string& name) {
  TensorPlan plan{tensor, {}};
  plan.parts.push_back({tensor.shape.size(), {{source, name}}, copy_op()});
  return plan;
}

TensorPlan zeros_plan(const ModelTensor& tensor) {
  TensorPlan plan{tensor, {}};
  plan.parts.push_back({tensor.shape.size(), {}, std::make_shared<Zeros>()});
  return plan;
}

}  // namespace switchyard
