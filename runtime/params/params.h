// Params: every parameter this rank hosts, in one flat buffer per kind (values, gradients,
// moments), as named views.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/device/stream.h"
#include "runtime/exact_sum.h"
#include "runtime/params/ownership.h"
#include "runtime/product/grouped_matmul.h"
#include "runtime/product/matmul.h"
#include "runtime/tensor.h"

namespace switchyard {

// Elements per block. A block never spans two tensors: the optimizer, clipping and random keys are
// loops over blocks.
inline constexpr std::int64_t param_block = 4096;

struct ParamSpec {
  std::string name;  // global: "layer3.expert17.up" means the same on every layout
  Shape shape;
  double init_std = 0.0;  // normal with this deviation; 0: every element is init_value
  float init_value = 0.0F;
  bool decays = true;       // weight decay applies
  bool expert = false;      // hosted by one rank of each expert group; otherwise by every rank
  bool extra_copy = false;  // of an expert that another rank of the group owns, which counts it in
                            // the norm and saves it

  std::uint64_t key() const;  // of its random numbers: a function of the name
};

struct Param {
  ParamSpec spec;
  std::int64_t offset = 0;  // of its first element in the flat buffers of values and gradients; a
                            // multiple of param_block
};

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

// The optimizer's state is sharded over the ranks that hold copies of the same parameters (ZeRO-1,
// arXiv:1910.02054). Each block has one owner among them (runtime/params/ownership.h): it alone
// keeps the block's moments, updates it, and counts it in the norm. Values and gradients every copy
// holds.
class Params {
 public:
  // Declare all dense parameters, then all expert parameters, then allocate once.
  ParamId declare(ParamSpec spec);
  // exact: gradients are 64-bit fixed point in `format`; otherwise f32. dense, experts: the ranks
  // that hold copies of what this one holds. moments: f32 or bf16.
  void allocate(bool exact, FixedPoint format, Copies dense = {}, Copies experts = {},
                Device device = Device::cpu(), DType moments = DType::f32);
  // Another expert stands in the place of this parameter's from now on. Its values and moments are
  // the caller's to bring.
  void rename(ParamId id, std::string name, bool extra_copy);
  // Values as a function of (seed, name, element) alone.
  void initialize(std::uint64_t seed);

  const std::vector<Param>& all() const { return params_; }
  ParamId find(std::string_view name) const;  // -1 if this rank does not host it
  bool exact() const { return exact_; }
  const FixedPoint& format() const { return format_; }
  // What products with the values are rounded to; f32 unless set.
  void set_precision(const ProductPrecision& precision) { precision_ = precision; }
  const ProductPrecision& precision() const { return precision_; }

  Tensor value(ParamId id) const { return view(values_, id); }
  // What a product in `precision` reads in place of the value: a copy in bf16 while there is one
  // (runtime/params/rounded_values.h).
  Tensor operand(ParamId id, Precision precision) const;
  // As it is summed: i64 fixed point if exact, else f32. Its elements times gradient_factor() are
  // the gradient.
  Tensor gradient(ParamId id) const { return view(gradients_, id); }
  double gradient_factor() const { return exact_ ? 1.0 / format_.scale() : 1.0; }

  const Copies& copies(bool expert) const { return expert ? expert_copies_ : dense_copies_; }
  // What copy `index` owns of the parameter: elements, maybe none. Without index: this rank.
  ElementRange owned(ParamId id, int index) const;
  ElementRange owned(ParamId id) const { return owned(id, copies_of(id).index); }
  const std::vector<ParamBlock>& owned_blocks() const { return owned_blocks_; }  // of this rank
  // Room for a number of 8 bytes of each of `count` blocks, up to all that there are, until the
  // next caller on the stream.
  Tensor scratch_for_blocks(std::int64_t count, DType dtype) const;
  // Of what this rank owns of the parameter, or of one of its blocks; flat.
  Tensor first_moment(ParamId id) const { return moment(first_moments_, {id, owned(id)}); }
  Tensor second_moment(ParamId id) const { return moment(second_moments_, {id, owned(id)}); }
  Tensor first_moment(const ParamBlock& owned) const { return moment(first_moments_, owned); }
  Tensor second_moment(const ParamBlock& owned) const { return moment(second_moments_, owned); }

  void round_values(Stream& stream);  // see RoundedValues
  void forget_rounded_values() { rounded_hold_ = false; }

  DType moments_dtype() const { return first_moments_.tensor().dtype; }

  void zero_gradients(Stream& stream);
  // gradient(id) += a^T b, in one product. a: [rows, out], b: [rows, in]; rows: see row_tile.
  // In exact mode this is one addend: callers split their rows into segments, never differently on
  // another layout.
  void add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream,
                            Precision precision = Precision::f32);
  // The same for many parameters of one shape, each with rows of its own: adds a[rows]^T b[rows]
  // for each of `addends`, those of a parameter in order. On a GPU in one launch where such
  // products go together.
  void add_gradient_products(std::span<const ParamRows> addends, Tensor a, Tensor b, Stream& stream,
                             Precision precision);
  // gradient(id) += values, one addend. values: f32, the parameter's size.
  void add_gradient(ParamId id, Tensor values, Stream& stream);
  // The gradient as f32. out: the parameter's size, on the host. For tests, tools and the oracle.
  void read_gradient(ParamId id, Tensor out, Stream& stream) const;
  // True if an addend since zero_gradients was not finite or too large for the fixed point.
  bool gradient_overflow(Stream& stream) const;

  // Flat ranges for the collectives: all dense parameters, or all experts of this rank.
  Tensor flat_gradients(bool expert) const { return region(gradients_, expert); }
  Tensor flat_values(bool expert) const { return region(values_, expert); }
  std::int64_t num_elements() const;  // of all tensors, without padding
  std::int64_t bytes() const;         // of all buffers

 private:
  const Param& param(ParamId id) const;
  const Copies& copies_of(ParamId id) const { return copies(param(id).spec.expert); }
  Tensor view(const Buffer& buffer, ParamId id) const;
  Tensor moment(const Buffer& buffer, const ParamBlock& owned) const;
  Tensor region(const Buffer& buffer, bool expert) const;
  std::int64_t region_begin(bool expert) const { return expert ? dense_size_ : 0; }
  std::int64_t region_size(bool expert) const { return expert ? size_ - dense_size_ : dense_size_; }
  Tensor product_scratch(std::int64_t elements) const;
  void list_owned_blocks();

  std::vector<Param> params_;
  std::map<std::string, ParamId, std::less<>> by_name_;
  std::int64_t size_ = 0;  // elements of each flat buffer, padding included
  std::int64_t dense_size_ = 0;
  bool exact_ = true;
  FixedPoint format_;
  Copies dense_copies_, expert_copies_;
  std::vector<ParamBlock> owned_blocks_;
  ProductPrecision precision_;
  Buffer values_, gradients_, first_moments_, second_moments_, scratch_;
  Buffer rounded_;             // of all values; allocated when first asked for
  bool rounded_hold_ = false;  // what the values are
  Buffer figures_;
  Buffer misfit_;  // [1] i32: 1 after an addend that did not fit
};

}  // namespace switchyard
