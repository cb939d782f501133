#include "runtime/params/param_region.h"

#include "runtime/product/product_ops.h"

namespace switchyard {

std::int64_t ParamRegion::append(std::int64_t num_elements) {
  const std::int64_t offset = size_;
  size_ += in_blocks(num_elements);
  return offset;
}

std::int64_t ParamRegion::append_words(std::int64_t num_words) {
  constexpr std::int64_t line = 16;  // words of a cache line
  const std::int64_t offset = words_;
  words_ += (num_words + line - 1) / line * line;
  return offset;
}

void ParamRegion::allocate(Replicas replicas, Device device) {
  replicas_ = replicas;
  values_ = Buffer(Shape{owning_ == Owning::packed ? words_ : size_}, DType::f32, device);
}

void ParamRegion::allocate_training_state(DType gradients, DType state, const StateSizes& sizes) {
  trained_ = true;
  const Device device = values_.tensor().device;
  gradients_ = Buffer(Shape{size_}, gradients, device);
  for (std::size_t part = 0; part < sizes.size(); ++part)
    state_[part] = Buffer(Shape{sizes[part]}, state, device);
}

ElementRange ParamRegion::owned(int index) const {
  if (!owns_whole(owning_)) return owned_part(size_, {index, replicas_.count});
  const auto at = static_cast<std::size_t>(index);
  return {at == 0 ? 0 : part_ends_.at(at - 1), part_ends_.at(at)};
}

std::vector<std::int64_t> ParamRegion::owned_sizes() const {
  std::vector<std::int64_t> sizes;
  for (int replica = 0; replica < replicas_.count; ++replica)
    sizes.push_back(owned(replica).size());
  return sizes;
}

std::vector<std::int64_t> ParamRegion::owned_value_sizes() const {
  if (owning_ != Owning::packed) return owned_sizes();
  std::vector<std::int64_t> sizes;
  std::int64_t begin = 0;
  for (const std::int64_t end : word_ends_) {
    sizes.push_back(end - begin);
    begin = end;
  }
  return sizes;
}

void ParamRegion::round(Stream& stream) {
  if (size_ == 0 || owning_ == Owning::packed) return;
  if (rounded_.tensor().empty())
    rounded_ = Buffer(values_.tensor().shape, DType::bf16, stream.device());
  ProductOps::on(stream.device()).round_to_bf16(values_, rounded_, stream);
}

std::int64_t ParamRegion::bytes() const {
  std::int64_t sum =
      values_.tensor().bytes() + gradients_.tensor().bytes() + rounded_.tensor().bytes();
  for (const Buffer& part : state_) sum += part.tensor().bytes();
  return sum;
}

}  // namespace switchyard
