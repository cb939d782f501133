#include "runtime/params/params.h"

#include <algorithm>

#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"
#include "runtime/product/product_ops.h"

namespace switchyard {

ParamId Params::declare(ParamSpec spec) {
  if (spec.expert) spec.name = spec.expert->name();
  require(!allocated_, "parameter {} is declared after allocate()", spec.name);
  require(find(spec.name) < 0, "parameter {} is declared twice", spec.name);
  spec.frozen = frozen_ && frozen_(spec.name);
  ParamState state = states_ ? states_(spec) : adamw_state(spec);
  const ReplicaAxis axis = spec.expert ? ReplicaAxis::replicas : ReplicaAxis::world;
  const Owning owning = spec.frozen    ? Owning::frozen
                        : state.packed ? Owning::packed
                        : state.whole  ? Owning::whole
                                       : Owning::blocks;
  const auto region = std::find_if(regions_.begin(), regions_.end(), [&](const ParamRegion& r) {
    return r.axis() == axis && r.owning() == owning;
  });
  const ParamId id = num_params();
  by_name_[spec.name] = id;
  const std::optional<CodeFormat> format = formats_ ? formats_(spec.name) : std::nullopt;
  if (format) coded_.try_emplace(id, spec.shape, *format);
  std::int64_t offset = -1;
  if (!format && !owns_whole(owning)) offset = region->append(spec.shape.size());
  params_.push_back({.spec = std::move(spec),
                     .state = std::move(state),
                     .region = static_cast<std::size_t>(region - regions_.begin()),
                     .offset = offset});
  return id;
}

void Params::allocate(const ParamStorage& storage) {
  require(coded_.empty() || (storage.use != ParamUse::training && storage.device == Device::cpu()),
          "weights are kept as codes for inference on a CPU alone");
  storage_ = storage;
  allocated_ = true;
  for (ParamRegion& region : regions_) {
    const bool dense = region.axis() == ReplicaAxis::world;
    const Replicas& replicas = dense ? storage.dense : storage.experts;
    if (owns_whole(region.owning())) place_whole(region, replicas.count);
    region.allocate(replicas, storage.device);
  }
  if (storage.use == ParamUse::training) allocate_training_state();
}

// In the order of their owners, so that each owns one range.
void Params::place_whole(ParamRegion& region, int num_replicas) {
  std::vector<ParamId> ids = ids_of(region);
  std::erase_if(ids, [&](ParamId id) { return codes(id) != nullptr; });
  std::vector<double> costs;
  for (const ParamId id : ids) costs.push_back(state_of(id).cost);
  const std::vector<int> owners = whole_owners(costs, num_replicas);
  for (int owner = 0; owner < num_replicas; ++owner) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (owners[i] != owner) continue;
      Param& placed = params_[static_cast<std::size_t>(ids[i])];
      placed.offset = region.append(placed.spec.shape.size());
      if (region.owning() == Owning::packed)
        placed.words = region.append_words(packed_words(placed.spec.shape));
    }
    region.end_part();
  }
}

// Each part takes whole blocks.
ParamRegion::StateSizes Params::place_state(const ParamRegion& region) {
  ParamRegion::StateSizes sizes{};
  for (const ParamId id : ids_of(region)) {
    Param& placed = params_[static_cast<std::size_t>(id)];
    placed.state_offsets = sizes;
    for (const StatePart part : all_state_parts)
      sizes[static_cast<std::size_t>(part)] +=
          in_blocks(owned_state(id, part, region.replicas().index).size());
  }
  return sizes;
}

void Params::allocate_training_state() {
  std::int64_t blocks = 0;
  for (ParamRegion& region : regions_) {
    blocks += region.size() / param_block;
    if (region.frozen()) continue;
    region.allocate_training_state(exact() ? DType::i64 : DType::f32, storage_.moments,
                                   place_state(region));
    for (const ParamId id : ids_of(region)) {
      const ElementRange mine = owned(id);
      for (std::int64_t begin = mine.begin; begin < mine.end; begin += param_block)
        owned_blocks_.push_back({id, {begin, std::min(mine.end, begin + param_block)}});
    }
  }
  std::int64_t max_elements = 0, max_packed = 0;
  for (const Param& param : params_) {
    if (param.spec.frozen) continue;
    max_elements = std::max(max_elements, param.spec.shape.size());
    if (param.state.packed) max_packed = std::max(max_packed, param.spec.shape.size());
  }
  decoded_ = Buffer(Shape{max_packed}, DType::f32);
  adder_ = GradientAdder(exact(), format(), max_elements, device());
  block_scratch_ = Buffer(Shape{blocks}, DType::f64, device());
}

void Params::host_expert(ParamId id, const std::string& layer, int expert, bool extra_copy) {
  ParamSpec& spec = params_.at(static_cast<std::size_t>(id)).spec;
  require(spec.expert.has_value(), "parameter {} is no part of an expert", spec.name);
  const auto before = by_name_.find(spec.name);  // another parameter may have taken the name over
  if (before != by_name_.end() && before->second == id) by_name_.erase(before);
  spec.expert->layer = layer;
  spec.expert->expert = expert;
  spec.name = spec.expert->name();
  spec.extra_copy = extra_copy;
  by_name_[spec.name] = id;
}

LinearTerms Params::terms_of(const ParamSpec& spec) const {
  if (!terms_) return {};
  return terms_(spec.expert ? spec.expert->name() : spec.name);
}

void Params::set_guide_share(ParamId id, float share) {
  require(spec(id).init == ParamInit::product, "parameter {} is no guide", spec(id).name);
  params_[static_cast<std::size_t>(id)].guide_share = share;
}

ParamId Params::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? -1 : found->second;
}

const Param& Params::param(ParamId id) const {
  require(id >= 0 && id < num_params(), "parameter {} of {}", id, params_.size());
  return params_[static_cast<std::size_t>(id)];
}

std::vector<ParamId> Params::ids_of(const ParamRegion& region) const {
  std::vector<ParamId> ids;
  for (ParamId id = 0; id < num_params(); ++id)
    if (&region_of(id) == &region) ids.push_back(id);
  return ids;
}

const CodedWeights* Params::codes(ParamId id) const {
  const auto found = coded_.find(id);
  return found == coded_.end() ? nullptr : &found->second;
}
CodedWeights* Params::codes(ParamId id) {
  return const_cast<CodedWeights*>(std::as_const(*this).codes(id));
}

void Params::round_values(Stream& stream) {
  require(has_values_, "parameters are used that were neither initialised nor loaded");
  const bool wanted = precision_.forward == Precision::bf16 ||
                      precision_.input_gradient == Precision::bf16 ||
                      precision_.head == Precision::bf16;
  if (!wanted || !ProductOps::on(stream.device()).multiplies_rounded()) return;
  for (ParamRegion& region : regions_) region.round(stream);
  rounded_hold_ = true;
}

Tensor Params::view(Tensor of_region, ParamId id) const {
  const Param& viewed = param(id);
  require(viewed.offset >= 0, "parameter {} is kept as codes", viewed.spec.name);
  return of_region.range(viewed.offset, viewed.offset + viewed.spec.shape.size())
      .view(viewed.spec.shape);
}

Tensor Params::gradient(ParamId id) const {
  require(trained(id), "parameter {} has no gradient: it is {}", spec(id).name,
          spec(id).frozen ? "frozen" : "kept for inference");
  return view(region_of(id).gradients(), id);
}

ElementRange Params::owned(ParamId id, int index) const {
  const Param& asked = param(id);
  const std::int64_t begin = asked.offset;
  const ElementRange mine =
      intersection(region_of(id).owned(index), {begin, begin + asked.spec.shape.size()});
  return mine.size() == 0 ? mine : ElementRange{mine.begin - begin, mine.end - begin};
}

ElementRange Params::owned_state(ParamId id, StatePart part, int index) const {
  const ParamState& kept = state_of(id);
  const ElementRange mine = owned(id, index);
  if (kept.of(part).size() == 0 || mine.size() == 0) return {};
  return kept.whole ? ElementRange{0, kept.of(part).size()} : mine;
}

Tensor Params::state(ParamId id, StatePart part) const {
  const Tensor of_region = region_of(id).state(part);
  const std::int64_t count = owned_state(id, part, region_of(id).replicas().index).size();
  if (count == 0) return of_region.range(0, 0);
  const std::int64_t first = param(id).state_offsets[static_cast<std::size_t>(part)];
  return of_region.range(first, first + count);
}

Tensor Params::scratch_for_blocks(std::int64_t count, DType dtype) const {
  require(bytes_of(dtype) == bytes_of(DType::f64), "a number of {} per block", name_of(dtype));
  Tensor scratch = block_scratch_.tensor().range(0, count);
  scratch.dtype = dtype;
  return scratch;
}

void Params::zero_gradients(Stream& stream) {
  const Span span(stream, "zero");
  require(storage_.use == ParamUse::training,
          "parameters that are kept for inference have no gradients");
  for (const ParamRegion& region : regions_)
    if (region.trained() && region.size() > 0)
      RuntimeOps::on(stream.device()).zero(region.gradients(), stream);
  adder_.reset(stream);
}

void Params::add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream,
                                  Precision precision) {
  if (spec(id).frozen) return;
  adder_.add_product(a, b, gradient(id), stream, precision);
}

void Params::add_gradient_products(std::span<const ParamRows> addends, Tensor a, Tensor b,
                                   Stream& stream, Precision precision) {
  std::vector<GradientAddend> gradients;
  for (const auto& [id, rows] : addends)
    if (!spec(id).frozen) gradients.push_back({gradient(id), rows});
  if (gradients.empty()) return;
  adder_.add_products(gradients, a, b, stream, precision);
}

void Params::add_gradient(ParamId id, Tensor values, Stream& stream) {
  if (spec(id).frozen) return;
  const Tensor sum = gradient(id);
  require(values.size() == sum.size(), "gradient of {} has {} elements, got {}", spec(id).name,
          sum.size(), values.size());
  adder_.add(values, sum, stream);
}

void Params::read_gradient(ParamId id, Tensor out, Stream& stream) const {
  const HostRead sums(gradient(id), stream);
  require(out.size() == sums.tensor().size(), "gradient of {} has {} elements, the output has {}",
          spec(id).name, sums.tensor().size(), out.size());
  auto* to = out.as<float>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double sum = exact() ? static_cast<double>(sums.as<std::int64_t>()[i])
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
  std::int64_t sum = adder_.bytes() + decoded_.tensor().bytes();
  for (const ParamRegion& region : regions_) sum += region.bytes();
  for (const auto& [id, codes] : coded_) sum += codes.bytes();
  return sum;
}

}  // namespace switchyard
