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
  const auto id = static_cast<ParamId>(params_.size());
  by_name_[spec.name] = id;
  params_.push_back({std::move(spec), size_});
  size_ += blocks;
  if (!expert) dense_size_ = size_;
  return id;
}

void Params::rename(ParamId id, std::string name, bool extra_copy) {
  ParamSpec& spec = params_.at(static_cast<std::size_t>(id)).spec;
  const auto before = by_name_.find(spec.name);  // another parameter may have taken the name over
  if (before != by_name_.end() && before->second == id) by_name_.erase(before);
  by_name_[name] = id;
  spec.name = std::move(name);
  spec.extra_copy = extra_copy;
}

void Params::allocate(bool exact, FixedPoint format, Copies dense, Copies experts) {
  exact_ = exact;
  format_ = format;
  dense_copies_ = dense;
  expert_copies_ = experts;
  list_owned_blocks();
  const std::int64_t owned =
      owned_part(region_size(false), dense).size() + owned_part(region_size(true), experts).size();
  std::int64_t largest = 0;
  for (const Param& param : params_) largest = std::max(largest, param.spec.shape.size());
  values_ = Buffer(Shape{size_}, DType::f32);
  gradients_ = Buffer(Shape{size_}, exact ? DType::i64 : DType::f32);
  first_moments_ = Buffer(Shape{owned}, DType::f32);
  second_moments_ = Buffer(Shape{owned}, DType::f32);
  scratch_ = Buffer(Shape{exact ? largest : 0}, DType::f32);
}

void Params::initialize(std::uint64_t seed) {
  for (ParamId id = 0; id < static_cast<ParamId>(params_.size()); ++id) {
    const ParamSpec& spec = param(id).spec;
    const Random random(seed, Purpose::init, key_of(spec.name));
    float* values = value(id).as<float>();
    for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
      values[i] = spec.init_std > 0 ? static_cast<float>(random.normal(i) * spec.init_std)
                                    : spec.init_value;
    }
  }
}

ParamId Params::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? -1 : found->second;
}

const Param& Params::param(ParamId id) const {
  require(id >= 0 && id < static_cast<ParamId>(params_.size()), "parameter {} of {}", id,
          params_.size());
  return params_[static_cast<std::size_t>(id)];
}

Tensor Params::view(const Buffer& buffer, ParamId id) const {
  const Param& viewed = param(id);
  return buffer.tensor()
      .range(viewed.offset, viewed.offset + viewed.spec.shape.size())
      .view(viewed.spec.shape);
}

ElementRange Params::owned(ParamId id, int index) const {
  const Param& asked = param(id);
  const bool expert = asked.spec.expert;
  const ElementRange part = owned_part(region_size(expert), {index, copies(expert).count});
  const std::int64_t begin = asked.offset - region_begin(expert);  // in the region
  const ElementRange mine = intersection(part, {begin, begin + asked.spec.shape.size()});
  return mine.size() == 0 ? mine : ElementRange{mine.begin - begin, mine.end - begin};
}

// Moments stand in the order of the elements they belong to, those of dense parameters first.
Tensor Params::moment(const Buffer& buffer, const ParamBlock& owned) const {
  const auto [begin, end] = owned.elements;
  if (begin == end) return buffer.tensor().range(0, 0);
  const Param& of = param(owned.id);
  const bool expert = of.spec.expert;
  const std::int64_t before = expert ? owned_part(region_size(false), dense_copies_).size() : 0;
  const ElementRange mine = owned_part(region_size(expert), copies(expert));
  const std::int64_t first = before + of.offset - region_begin(expert) - mine.begin;
  return buffer.tensor().range(first + begin, first + end);
}

void Params::list_owned_blocks() {
  owned_blocks_.clear();
  for (ParamId id = 0; id < static_cast<ParamId>(params_.size()); ++id) {
    const ElementRange mine = owned(id);
    for (std::int64_t begin = mine.begin; begin < mine.end; begin += param_block) {
      owned_blocks_.push_back({id, {begin, std::min(mine.end, begin + param_block)}});
    }
  }
}

Tensor Params::region(const Buffer& buffer, bool expert) const {
  return buffer.tensor().range(region_begin(expert), region_begin(expert) + region_size(expert));
}

void Params::zero_gradients(Stream& stream) {
  overflow_ = false;
  RuntimeOps::on(stream.device()).zero(gradients_, stream);
}

void Params::add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream,
                                  Precision precision) {
  const Tensor gradient = view(gradients_, id);
  if (!exact_) {
    matmul(a, Op::transposed, b, Op::plain, gradient.view({a.cols(), b.cols()}), Write::add, stream,
           precision);
    return;
  }
  const Tensor product = scratch_.tensor().range(0, gradient.size()).view({a.cols(), b.cols()});
  matmul(a, Op::transposed, b, Op::plain, product, Write::replace, stream, precision);
  add_gradient(id, product, stream);
}

void Params::add_gradient(ParamId id, Tensor values, Stream& stream) {
  const Tensor gradient = view(gradients_, id);
  require(values.size() == gradient.size(), "gradient of {} has {} elements, got {}",
          param(id).spec.name, gradient.size(), values.size());
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

void Params::read_block_gradient(const ParamBlock& block, double scale, float* out) const {
  const Tensor gradient =
      view(gradients_, block.id).range(block.elements.begin, block.elements.end);
  const std::int64_t count = gradient.size();
  if (exact_) {
    const std::int64_t* from = gradient.as<std::int64_t>();
    const double factor = scale / format_.scale();
    for (std::int64_t i = 0; i < count; ++i)
      out[i] = static_cast<float>(static_cast<double>(from[i]) * factor);
  } else {
    const float* from = gradient.as<float>();
    for (std::int64_t i = 0; i < count; ++i)
      out[i] = static_cast<float>(static_cast<double>(from[i]) * scale);
  }
}

void Params::read_gradient(ParamId id, Tensor out, Stream& stream) const {
  const std::int64_t size = param(id).spec.shape.size();
  require(out.size() == size, "gradient of {} has {} elements, got room for {}",
          param(id).spec.name, size, out.size());
  parallel_for(stream, (size + param_block - 1) / param_block, [&](std::int64_t i) {
    const std::int64_t begin = i * param_block, end = std::min(size, begin + param_block);
    read_block_gradient({id, {begin, end}}, 1.0, out.as<float>() + begin);
  });
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
