#include "io/transform/quantize_ops.h"

#include <cmath>
#include <utility>

#include "io/checkpoint/coded_tensor.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class Quantize final : public UnitOp {
 public:
  enum class Makes : bool { codes, scales };
  Quantize(std::string name, const CodeFormat& format, Makes makes)
      : name_(std::move(name)), format_(format), makes_(makes) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    const auto group = static_cast<std::size_t>(format_.group);
    float* to = out.data();
    for (std::size_t begin = 0; begin < unit.size; begin += group) {
      const std::span<const float> weights = unit.inputs[0].subspan(begin, group);
      const float scale = code_scale(weights, format_.bits);
      require(std::isfinite(scale), Exit::data,
              "{} has a weight that is not finite, so it has no codes", name_);
      if (makes_ == Makes::scales) {
        *to++ = scale;
        continue;
      }
      const auto code = [&](std::size_t i) { return code_of(weights[i], scale, format_.bits); };
      for (std::size_t i = 0; i < group; i += format_.bits == 4 ? 2 : 1)
        *to++ = format_.bits == 4 ? static_cast<float>(packed_int4(code(i), code(i + 1))) : code(i);
    }
  }

 private:
  std::string name_;
  CodeFormat format_;
  Makes makes_;
};

}  // namespace

std::vector<ModelTensor> coded_tensors(const std::string& value, const Shape& shape,
                                       const CodeFormat& format) {
  const std::int64_t out = shape[0], in = shape[1];
  return {{code_name_of(value),
           {out, bytes_of_codes(in, format.bits)},
           format.bits == 4 ? DType::u8 : DType::i8},
          {scale_name_of(value), {out, in / format.group}, DType::f32}};
}

std::vector<TensorPlan> quantize_plans(const std::string& value, const Shape& shape,
                                       const CodeFormat& format) {
  std::vector<TensorPlan> plans;
  for (const ModelTensor& tensor : coded_tensors(value, shape, format)) {
    const bool codes = plans.empty();
    const std::int64_t made = codes ? bytes_of_codes(format.group, format.bits) : 1;
    TensorPlan plan{tensor, {}};
    plan.parts.push_back(
        {shape.size(),
         {{0, value}},
         std::make_shared<Quantize>(value, format,
                                    codes ? Quantize::Makes::codes : Quantize::Makes::scales),
         format.group,
         made});
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace switchyard
