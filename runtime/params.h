// Params: every parameter this rank hosts, in one flat buffer per kind (values, gradients,
// moments), as named views.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exact_sum.h"
#include "runtime/matmul.h"
#include "runtime/stream.h"
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
  bool decays = true;   // weight decay applies
  bool expert = false;  // hosted by one rank of each expert group; otherwise by every rank
};

struct Param {
  ParamSpec spec;
  std::int64_t offset = 0;  // of its first element in every flat buffer; a multiple of param_block
};

using ParamId = int;

class Params {
 public:
  // Declare all dense parameters, then all expert parameters, then allocate once.
  ParamId declare(ParamSpec spec);
  // exact: gradients are 64-bit fixed point in `format`; otherwise f32.
  void allocate(bool exact, FixedPoint format);
  // Values as a function of (seed, name, element) alone.
  void initialize(std::uint64_t seed);

  const std::vector<Param>& all() const { return params_; }
  ParamId find(std::string_view name) const;  // -1 if this rank does not host it
  bool exact() const { return exact_; }
  const FixedPoint& format() const { return format_; }

  Tensor value(ParamId id) const { return view(values_, id); }
  Tensor first_moment(ParamId id) const { return view(first_moments_, id); }
  Tensor second_moment(ParamId id) const { return view(second_moments_, id); }

  void zero_gradients(Stream& stream);
  // gradient(id) += a^T b, in one product. a: [rows, out], b: [rows, in]; rows is a multiple of
  // row_tile. In exact mode this is one addend: callers split their rows into segments, never
  // differently on another layout.
  void add_gradient_product(ParamId id, Tensor a, Tensor b, Stream& stream);
  // gradient(id) += values, one addend. values: f32, the parameter's size.
  void add_gradient(ParamId id, Tensor values, Stream& stream);
  // The gradient as f32. out: the parameter's size. For tests, tools and the oracle.
  void read_gradient(ParamId id, Tensor out, Stream& stream) const;
  // True if an addend since zero_gradients was not finite or too large for the fixed point.
  bool gradient_overflow() const { return overflow_; }

  // Flat ranges, for reductions and the optimizer: dense first, then experts.
  Tensor flat_gradients(bool expert) const;
  Tensor flat_values() const { return values_; }
  std::int64_t num_elements() const;  // of all tensors, without padding
  std::int64_t bytes() const;         // of all buffers
  // f32 gradient of the elements [begin, end) of the flat buffer, times `scale`, into out. end -
  // begin <= param_block.
  void read_block_gradient(std::int64_t begin, std::int64_t end, double scale, float* out) const;

 private:
  Tensor view(const Buffer& buffer, ParamId id) const;

  std::vector<Param> params_;
  std::int64_t size_ = 0;  // elements of each flat buffer, padding included
  std::int64_t dense_size_ = 0;
  bool exact_ = true;
  bool overflow_ = false;
  FixedPoint format_;
  Buffer values_, gradients_, first_moments_, second_moments_, scratch_;
};

}  // namespace switchyard
