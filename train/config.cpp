#include "train/config.h"

namespace switchyard {

DType moments_dtype(const TrainConfig& config) {
  return config.moments == FloatFormat::bf16 ? DType::bf16 : DType::f32;
}

ProductPrecision product_precision(const TrainConfig& config) {
  const Precision plain = config.precision == FloatFormat::bf16 ? Precision::bf16 : Precision::f32;
  const auto linear = [&](bool int8) { return int8 ? Precision::int8 : plain; };
  return {linear(config.int8_forward), linear(config.int8_input_gradient),
          linear(config.int8_weight_gradient), plain};
}

}  // namespace switchyard
