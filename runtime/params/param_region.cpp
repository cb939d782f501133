#include "runtime/params/param_region.h"

#include "runtime/product/product_ops.h"

namespace switchyard {

std::int64_t ParamRegion::append(std::int64_t num_elements) {
  const std::int64_t offset = size_;
  size_ += (num_elements + param_block - 1) / param_block * param_block;
  return offset;
}

void ParamRegion::allocate(Replicas replicas, Device device) {
  replicas_ = replicas;
  values_ = Buffer(Shape{size_}, DType::f32, device);
}

void ParamRegion::allocate_training_state(DType gradients, DType moments) {
  trained_ = true;
  const Device device = values_.tensor().device;
  gradients_ = Buffer(Shape{size_}, gradients, device);
  first_moments_ = Buffer(Shape{owned().size()}, moments, device);
  second_moments_ = Buffer(Shape{owned().size()}, moments, device);
}

void ParamRegion::round(Stream& stream) {
  if (size_ == 0) return;
  if (rounded_.tensor().empty())
    rounded_ = Buffer(values_.tensor().shape, DType::bf16, stream.device());
  ProductOps::on(stream.device()).round_to_bf16(values_, rounded_, stream);
}

std::int64_t ParamRegion::bytes() const {
  return values_.tensor().bytes() + gradients_.tensor().bytes() + first_moments_.tensor().bytes() +
         second_moments_.tensor().bytes() + rounded_.tensor().bytes();
}

}  // namespace switchyard
