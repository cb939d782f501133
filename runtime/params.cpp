#include "runtime/params.h"

#include <algorithm>
#include <atomic>

#include "runtime/ops.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

std::int64_t whole_blocks(std::int64_t size) {
  return (size + param_block - 1) / param_block * param_block;
}

// FNV-1a: the key of a parameter's random numbers, a function of its global name.
std::uint64_t key_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

ParamId Params::declare(ParamSpec spec) {
  require(values_.tensor().data == nullptr, "parameter {} is declared after allocate()", spec.name);
  require(find(spec.name) < 0, "parameter {} is declared twice", spec.name);
  require(spec.expert || params_.empty() || !params_.back().spec.expert,
          "dense parameter {} is declared after expert parameters", spec.name);
  const std::int64_t blocks = whole_blocks(spec.shape.size());
  const bool expert = spec.expert;
  params_.push_back({std::move(spec), size_});
  size_ += blocks;
  if (!expert) dense_size_ = size_;
  return static_cast<ParamId>(params_.size()) - 1;
}

void Params::allocate(bool exact, FixedPoint format) {
  exact_ = exact;
  format_ = format;
  std::int64_t largest = 0;
  for (const Param& param : params_) largest = std::max(largest, param.spec.shape.size());
  values_ = Buffer(Shape{size_}, DType::f32);
  gradients_ = Buffer(Shape{size_}, exact ? DType::i64 : DType::f32);
  first_moments_ = Buffer(Shape{size_}, DType::f32);
  second_moments_ = Buffer(Shape{size_}, DType::f32);
  scratch_ = Buffer(Shape{exact ? largest : 0}, DType::f32);
}

void Params::initialize(std::uint64_t seed) {
  for (ParamId id = 0; id < static_cast<ParamId>(params_.size()); ++id) {
    const ParamSpec& spec = params_[static_cast<std::size_t>(id)].spec;
    const Random random(seed, Purpose::init, key_of(spec.name));
    float* values = value(id).as<float>();
    for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
      values[i] = spec.init_std > 0 ? static_cast<float>(random.normal(i) * spec.init_std)
                                    : spec.init_value;
    }
  }
}

ParamId Params::find(std::string_view name) const {
  const auto found = std::find_if(params_.begin(), params_.end(),
                                  [&](const Param& p) { return p.spec.name == name; });
  return found == params_.end() ? -1 : static_cast<ParamId>(found - params_.begin());
}

Tensor Params::view(const Buffer& buffer, ParamId id) const {
  require(id >= 0 && id < static_cast<ParamId>(params_.size()), "parameter {} of {}", id,
          params_.size());
  const Param& param = params_[static_cast<std::size_t>(id)];
  return buffer.tensor()
      .range(param.offset, param.offset + param.spec.shape.size())
      .view(param.spec.shape);
}

void Params::zero_gradients(Stream& stream) {
  overflow_ = false;
  RuntimeOps::on(stream.device()).zero(gradients_, stream);
}

void Params::add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream) {
  const Tensor gradient = view(gradients_, id);
  if (!exact_) {
    matmul(a, Op::transposed, b, Op::plain, gradient.view({a.cols(), b.cols()}), Write::add,
           stream);
    return;
  }
  const Tensor product = scratch_.tensor().range(0, gradient.size()).view({a.cols(), b.cols()});
  matmul(a, Op::transposed, b, Op::plain, product, Write::replace, stream);
  add_gradient(id, product, stream);
}

void Params::add_gradient(ParamId id, Tensor values, Stream& stream) {
  const Tensor gradient = view(gradients_, id);
  require(values.size() == gradient.size(), "gradient of {} has {} elements, got {}",
          params_[static_cast<std::size_t>(id)].spec.name, gradient.size(), values.size());
  if (!exact_) {
    RuntimeOps::on(stream.device()).add(values, gradient, stream);
    return;
  }
  constexpr std::int64_t piece = 1 << 15;
  std::atomic<bool> fits = true;
  parallel_for(stream, (values.size() + piece - 1) / piece, [&](std::int64_t i) {
    const auto begin = static_cast<std::size_t>(i * piece);
    const auto count = static_cast<std::size_t>(std::min(piece, values.size() - i * piece));
    if (!add_fixed({gradient.as<std::int64_t>() + begin, count},
                   {values.as<float>() + begin, count}, format_)) {
      fits = false;
    }
  });
  overflow_ = overflow_ || !fits;
}

void Params::read_block_gradient(std::int64_t begin, std::int64_t end, double scale,
                                 float* out) const {
  if (exact_) {
    const std::int64_t* from = gradients_.tensor().as<std::int64_t>() + begin;
    const double factor = scale / format_.scale();
    for (std::int64_t i = 0; i < end - begin; ++i)
      out[i] = static_cast<float>(static_cast<double>(from[i]) * factor);
  } else {
    const float* from = gradients_.tensor().as<float>() + begin;
    for (std::int64_t i = 0; i < end - begin; ++i)
      out[i] = static_cast<float>(static_cast<double>(from[i]) * scale);
  }
}

void Params::read_gradient(ParamId id, Tensor out, Stream& stream) const {
  const Param& param = params_[static_cast<std::size_t>(id)];
  const std::int64_t size = param.spec.shape.size();
  require(out.size() == size, "gradient of {} has {} elements, got room for {}", param.spec.name,
          size, out.size());
  parallel_for(stream, (size + param_block - 1) / param_block, [&](std::int64_t i) {
    const std::int64_t begin = i * param_block, end = std::min(size, begin + param_block);
    read_block_gradient(param.offset + begin, param.offset + end, 1.0, out.as<float>() + begin);
  });
}

Tensor Params::flat_gradients(bool expert) const {
  return expert ? gradients_.tensor().range(dense_size_, size_)
                : gradients_.tensor().range(0, dense_size_);
}

std::int64_t Params::num_elements() const {
  std::int64_t count = 0;
  for (const Param& param : params_) count += param.spec.shape.size();
  return count;
}

std::int64_t Params::bytes() const {
  return values_.tensor().bytes() + gradients_.tensor().bytes() + first_moments_.tensor().bytes() +
         second_moments_.tensor().bytes() + scratch_.tensor().bytes();
}

}  // namespace switchyard
