// Params: every parameter that this rank hosts, as named views of the flat buffers of its regions
// (runtime/params/param_region.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/codes/coded_weights.h"
#include "runtime/codes/row_codes.h"
#include "runtime/device/stream.h"
#include "runtime/exact_sum.h"
#include "runtime/params/gradient_adder.h"
#include "runtime/params/linear_terms.h"
#include "runtime/params/linear_watch.h"
#include "runtime/params/ownership.h"
#include "runtime/params/param_region.h"
#include "runtime/params/param_spec.h"
#include "runtime/params/param_state.h"
#include "runtime/product/matmul.h"
#include "runtime/tensor.h"

namespace switchyard {

using ParamId = int;

// Rows that a parameter is multiplied with.
struct ParamRows {
  ParamId id;
  RowRange rows;
};

// A block's elements [begin, end) of its parameter; at most param_block of them.
struct ParamBlock {
  ParamId id = 0;
  ElementRange elements;
};

// inference: values alone. declared: names and shapes alone, to be counted.
enum class ParamUse : std::uint8_t { training, inference, declared };

// How parameters are kept.
struct ParamStorage {
  ParamUse use = ParamUse::training;
  bool exact = true;  // gradients are summed in 64-bit fixed point in `format`; otherwise in f32
  FixedPoint format{};
  Replicas dense{}, experts{};  // the ranks that hold what this one holds
  Device device{};
  DType moments = DType::f32;  // or bf16
};

struct Param {
  ParamSpec spec;
  ParamState state;
  std::size_t region = 0;   // of Params::regions()
  std::int64_t offset = 0;  // of the first element in the region; a multiple of param_block; -1: it
                            // is kept as codes
  std::int64_t words = -1;  // of a packed parameter: where its values begin in those of the region
  ParamRegion::StateSizes state_offsets{};  // where each part begins in the region's state
  float guide_share = 0.0F;
};

class Params {
 public:
  using Choice = std::function<bool(std::string_view name)>;
  // The format of a matrix that is kept as codes; nothing for values in f32.
  using Formats = std::function<std::optional<CodeFormat>(std::string_view name)>;
  // frozen: of these parameters; of a part of experts, all of a layer or none. terms: of linear
  // layers; without it all are dense. formats: for inference on a CPU. states: what training keeps;
  // without it the moments of AdamW.
  explicit Params(Choice frozen = {}, LinearTermsRule terms = {}, Formats formats = {},
                  ParamStateRule states = {})
      : frozen_(std::move(frozen)),
        terms_(std::move(terms)),
        formats_(std::move(formats)),
        states_(std::move(states)) {}

  // Declare all parameters, then allocate once.
  ParamId declare(ParamSpec spec);
  void allocate(const ParamStorage& storage);
  // Another expert, of `layer`, takes the place of the one that this parameter is part of. The
  // caller brings its values and moments.
  void host_expert(ParamId id, const std::string& layer, int expert, bool extra_copy);
  // What the linear layer computes whose dense matrix would be `spec`.
  LinearTerms terms_of(const ParamSpec& spec) const;
  // Draws all values, or only those of the parameters named, as a function of (seed, name, element)
  // alone.
  void initialize(std::uint64_t seed, const Choice& only = {}, int num_threads = 1);
  // The caller has written all values.
  void mark_loaded() { has_values_ = true; }
  bool has_values() const { return has_values_; }  // drawn or loaded

  const std::vector<Param>& all() const { return params_; }
  ParamId num_params() const { return static_cast<ParamId>(params_.size()); }
  const ParamSpec& spec(ParamId id) const { return param(id).spec; }
  ParamId find(std::string_view name) const;  // -1 if this rank does not host it
  Device device() const { return storage_.device; }
  bool exact() const { return storage_.exact; }
  const FixedPoint& format() const { return storage_.format; }
  // What products with the values are rounded to; f32 unless set.
  void set_precision(const ProductPrecision& precision) { precision_ = precision; }
  const ProductPrecision& precision() const { return precision_; }

  // Sees the products of linear layers from now on, or nobody does. The caller owns it.
  void set_watch(LinearWatch* watch) { watch_ = watch; }
  LinearWatch* watch() const { return watch_; }

  std::span<const ParamRegion> regions() const { return regions_; }
  const ParamRegion& region_of(ParamId id) const { return regions_[param(id).region]; }
  std::vector<ParamId> ids_of(const ParamRegion& region) const;  // ascending
  bool trained(ParamId id) const { return region_of(id).trained(); }

  Tensor value(ParamId id) const { return view(region_of(id).values(), id); }
  // The codes of a parameter that has no value, or null.
  const CodedWeights* codes(ParamId id) const;
  CodedWeights* codes(ParamId id);
  // What a product in `precision` reads instead of the value: a copy in bf16 while there is one
  // (runtime/params/rounded_values.h), or what the codes of a packed parameter say, until the next
  // packed one is asked for.
  Tensor operand(ParamId id, Precision precision, Stream& stream) const;
  // Whether training keeps the parameter as int8 codes (ParamState::packed), and has no value(id).
  bool packed(ParamId id) const;
  RowCodes row_codes(ParamId id) const;              // of a packed one
  Tensor decoded(ParamId id, Stream& stream) const;  // see operand
  // What holds the values: value(id), or the words of a packed one, as f32 of any bits.
  Tensor stored(ParamId id) const;
  // Writes values, f32 on the host, which a packed parameter rounds by chance or to nearest.
  void set_values(ParamId id, Tensor values, Stream& stream,
                  const std::optional<RoundingChance>& chance = {});
  // Of a trained parameter, as it is summed: i64 fixed point if exact, else f32. Its elements times
  // gradient_factor() are the gradient.
  Tensor gradient(ParamId id) const;
  double gradient_factor() const { return exact() ? 1.0 / format().scale() : 1.0; }

  // The elements of the parameter that a replica owns, maybe none. Without index: this rank.
  ElementRange owned(ParamId id, int index) const;
  ElementRange owned(ParamId id) const { return owned(id, region_of(id).replicas().index); }
  // All blocks that this rank trains, region by region.
  const std::vector<ParamBlock>& owned_blocks() const { return owned_blocks_; }
  // Scratch memory for a number of 8 bytes for each of `count` blocks, at most all blocks, until
  // the next caller on the stream. Training only.
  Tensor scratch_for_blocks(std::int64_t count, DType dtype) const;
  // The state of what this rank owns of a trained parameter; flat, and empty if there is none.
  Tensor state(ParamId id, StatePart part) const;
  Tensor first_moment(ParamId id) const { return state(id, StatePart::first_moment); }
  Tensor second_moment(ParamId id) const { return state(id, StatePart::second_moment); }
  const ParamState& state_of(ParamId id) const { return param(id).state; }
  // The elements of the part that a replica keeps.
  ElementRange owned_state(ParamId id, StatePart part, int index) const;
  DType moments_dtype() const { return storage_.moments; }

  // How much a guide counts (runtime/params/linear_terms.h), in [0, 1]; 0 until it is set.
  float guide_share(ParamId id) const { return param(id).guide_share; }
  void set_guide_share(ParamId id, float share);
  // Gives every guide the product of its layer's factors.
  void make_guides();

  void round_values(Stream& stream);  // see RoundedValues
  void forget_rounded_values() { rounded_hold_ = false; }
  bool rounded_values_hold() const { return rounded_hold_; }

  void zero_gradients(Stream& stream);
  // The functions that add leave frozen parameters out.
  // gradient(id) += a^T b, in one product. a: [rows, out], b: [rows, in]; rows: see row_tile.
  // In exact mode this is one addend: callers split their rows into segments, never differently on
  // another layout.
  void add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream,
                            Precision precision = Precision::f32);
  // The same for many parameters of one shape: adds a[rows]^T b[rows] for each of `addends`, those
  // of a parameter in order. On a GPU in one launch where such products go together.
  void add_gradient_products(std::span<const ParamRows> addends, Tensor a, Tensor b, Stream& stream,
                             Precision precision);
  // gradient(id) += values, one addend. values: f32, the parameter's size.
  void add_gradient(ParamId id, Tensor values, Stream& stream);
  // The gradient as f32. out: the parameter's size, on the host. For tests, tools and the oracle.
  void read_gradient(ParamId id, Tensor out, Stream& stream) const;
  // True if an addend since zero_gradients was not finite or too large for the fixed point.
  bool gradient_overflow(Stream& stream) const { return adder_.overflow(stream); }

  std::int64_t num_elements() const;  // of all tensors, without padding
  std::int64_t bytes() const;         // of all buffers

 private:
  const Param& param(ParamId id) const;
  Tensor view(Tensor of_region, ParamId id) const;
  void place_whole(ParamRegion& region, int num_replicas);
  ParamRegion::StateSizes place_state(const ParamRegion& region);
  void allocate_training_state();
  void draw_factors(ParamId v, std::uint64_t seed);

  Choice frozen_;
  LinearTermsRule terms_;
  Formats formats_;
  ParamStateRule states_;
  std::map<ParamId, CodedWeights> coded_;
  std::vector<Param> params_;
  std::map<std::string, ParamId, std::less<>> by_name_;
  ParamStorage storage_;
  std::array<ParamRegion, 8> regions_{ParamRegion(ReplicaAxis::world),
                                      ParamRegion(ReplicaAxis::replicas),
                                      ParamRegion(ReplicaAxis::world, Owning::frozen),
                                      ParamRegion(ReplicaAxis::replicas, Owning::frozen),
                                      ParamRegion(ReplicaAxis::world, Owning::whole),
                                      ParamRegion(ReplicaAxis::replicas, Owning::whole),
                                      ParamRegion(ReplicaAxis::world, Owning::packed),
                                      ParamRegion(ReplicaAxis::replicas, Owning::packed)};
  Buffer decoded_;  // of the largest packed parameter
  std::vector<ParamBlock> owned_blocks_;
  ProductPrecision precision_;
  LinearWatch* watch_ = nullptr;
  GradientAdder adder_;
  Buffer block_scratch_;
  bool allocated_ = false;
  bool has_values_ = false;
  bool rounded_hold_ = false;  // the regions' rounded copies are what the values are
};

}  // namespace switchyard
