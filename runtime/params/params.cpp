#include "runtime/params/params.h"

#include <algorithm>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/parallel.h"
#include "runtime/device/trace.h"
#include "runtime/product/product_ops.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

std::int64_t whole_blocks(std::int64_t size) {
  return (size + param_block - 1) / param_block * param_block;
}

// For products of other parameters that other threads make at the same time.
Tensor scratch_of_thread(std::int64_t elements) {
  thread_local Buffer scratch;
  if (scratch.tensor().size() < elements) scratch = Buffer(Shape{elements}, DType::f32);
  return scratch.tensor();
}

}  // namespace

std::uint64_t ParamSpec::key() const {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

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

void Params::allocate(bool exact, FixedPoint format, Copies dense, Copies experts, Device device,
                      DType moments) {
  exact_ = exact;
  format_ = format;
  dense_copies_ = dense;
  expert_copies_ = experts;
  list_owned_blocks();
  const std::int64_t owned =
      owned_part(region_size(false), dense).size() + owned_part(region_size(true), experts).size();
  std::int64_t largest = 0;
  for (const Param& param : params_) largest = std::max(largest, param.spec.shape.size());
  values_ = Buffer(Shape{size_}, DType::f32, device);
  gradients_ = Buffer(Shape{size_}, exact ? DType::i64 : DType::f32, device);
  first_moments_ = Buffer(Shape{owned}, moments, device);
  second_moments_ = Buffer(Shape{owned}, moments, device);
  scratch_ = Buffer(Shape{exact ? largest : 0}, DType::f32, device);
  figures_ = Buffer(Shape{size_ / param_block}, DType::f64, device);
  misfit_ = Buffer(Shape{1}, DType::i32, device);
}

void Params::initialize(std::uint64_t seed) {
  for (ParamId id = 0; id < static_cast<ParamId>(params_.size()); ++id) {
    const ParamSpec& spec = param(id).spec;
    const Random random(seed, Purpose::init, spec.key());
    std::vector<float> values(static_cast<std::size_t>(spec.shape.size()));
    for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
      values[static_cast<std::size_t>(i)] =
          spec.init_std > 0 ? static_cast<float>(random.normal(i) * spec.init_std)
                            : spec.init_value;
    }
    write_now(values.data(), value(id));
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

Tensor Params::operand(ParamId id, Precision precision) const {
  const bool rows_are_whole = param(id).spec.shape[1] % operand_elements == 0;
  return rounded_hold_ && precision == Precision::bf16 && rows_are_whole ? view(rounded_, id)
                                                                         : value(id);
}

void Params::round_values(Stream& stream) {
  const bool wanted = precision_.forward == Precision::bf16 ||
                      precision_.input_gradient == Precision::bf16 ||
                      precision_.head == Precision::bf16;
  ProductOps& ops = ProductOps::on(stream.device());
  if (!wanted || !ops.multiplies_rounded()) return;
  if (rounded_.tensor().empty())
    rounded_ = Buffer(values_.tensor().shape, DType::bf16, stream.device());
  ops.round_to_bf16(values_, rounded_, stream);
  rounded_hold_ = true;
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

Tensor Params::scratch_for_blocks(std::int64_t count, DType dtype) const {
  require(bytes_of(dtype) == bytes_of(DType::f64), "a number of {} per block", name_of(dtype));
  Tensor scratch = figures_.tensor().range(0, count);
  scratch.dtype = dtype;
  return scratch;
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
  const Span span(stream, "zero");
  RuntimeOps::on(stream.device()).zero(gradients_, stream);
  RuntimeOps::on(stream.device()).zero(misfit_, stream);
}

// Holds a product until a sum in fixed point has taken it up. Threads that make products at the
// same time have their own.
Tensor Params::product_scratch(std::int64_t elements) const {
  if (!exact_) return {};
  const Tensor scratch = beside_other_threads() ? scratch_of_thread(elements) : scratch_.tensor();
  return scratch.range(0, elements);
}

void Params::add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream,
                                  Precision precision) {
  const Tensor gradient = view(gradients_, id);
  if (!exact_) {
    matmul(a, Op::transposed, b, Op::plain, gradient.view({a.cols(), b.cols()}), Write::add, stream,
           precision);
    return;
  }
  const Tensor product = product_scratch(gradient.size()).view({a.cols(), b.cols()});
  matmul(a, Op::transposed, b, Op::plain, product, Write::replace, stream, precision);
  add_gradient(id, product, stream);
}

void Params::add_gradient_products(std::span<const ParamRows> addends, Tensor a, Tensor b,
                                   Stream& stream, Precision precision) {
  std::vector<GradientGroup> groups;
  std::vector<RowRange> ranges;
  for (std::size_t i = 0; i < addends.size(); ++i) {
    if (i == 0 || addends[i].id != addends[i - 1].id)
      groups.push_back({gradient(addends[i].id), static_cast<std::int32_t>(i), 0});
    ++groups.back().num_ranges;
    ranges.push_back(addends[i].rows);
  }
  const Tensor scratch = product_scratch(a.cols() * b.cols());
  ProductOps::on(stream.device())
      .add_gradient_groups(a, b, {groups, ranges, format_, misfit_, scratch}, stream, precision);
}

void Params::add_gradient(ParamId id, Tensor values, Stream& stream) {
  const Tensor gradient = view(gradients_, id);
  require(values.size() == gradient.size(), "gradient of {} has {} elements, got {}",
          param(id).spec.name, gradient.size(), values.size());
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  if (exact_) {
    ops.add_fixed(values, format_, gradient, misfit_, stream);
  } else {
    ops.add(values, gradient, stream);
  }
}

bool Params::gradient_overflow(Stream& stream) const {
  return *HostRead(misfit_, stream).as<std::int32_t>() != 0;
}

void Params::read_gradient(ParamId id, Tensor out, Stream& stream) const {
  const HostRead sums(gradient(id), stream);
  require(out.size() == sums.tensor().size(), "gradient of {} has {} elements, got room for {}",
          param(id).spec.name, sums.tensor().size(), out.size());
  auto* to = out.as<float>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double sum = exact_ ? static_cast<double>(sums.as<std::int64_t>()[i])
                              : static_cast<double>(sums.as<float>()[i]);
    to[i] = static_cast<float>(sum * gradient_factor());
  }
}

std::int64_t Params::num_elements() const {
  std::int64_t count = 0;
  for (const Param& param : params_) count += param.spec.shape.size();
  return count;
}

std::int64_t Params::bytes() const {
  return values_.tensor().bytes() + gradients_.tensor().bytes() + first_moments_.tensor().bytes() +
         second_moments_.tensor().bytes() + scratch_.tensor().bytes() + rounded_.tensor().bytes();
}

}  // namespace switchyard
