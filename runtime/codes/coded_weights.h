// CodedWeights: a matrix that stays int8 or int4 in memory and is multiplied as it is, on a CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codes/weight_codes.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class CodedWeights {
 public:
  // shape: [out, in]. Memory for a code of each weight and the scales.
  CodedWeights(Shape shape, const CodeFormat& format);

  const Shape& shape() const { return shape_; }
  const CodeFormat& format() const { return format_; }
  std::int64_t bytes() const;

  // Once. codes: row after row, as weight_codes.h packs them; scales: [out, in / group].
  void set(std::span<const std::byte> codes, std::span<const float> scales);

  // y = x W^T. x: [rows, in], y: [rows, out], f32. Each element of y is, for each group of columns,
  // one sum of fused multiply-adds of x and the codes in ascending order, times the scale, added by
  // fused multiply-adds in ascending order: the same bits on any processor, on any number of
  // threads and beside any other rows.
  void multiply(Tensor x, Tensor y, Stream& stream) const;

 private:
  std::int64_t num_panels() const;
  std::int64_t num_groups() const { return shape_[1] / format_.group; }
  void multiply_panels(Tensor x, Tensor y, std::int64_t first, std::int64_t count) const;

  Shape shape_;
  CodeFormat format_;
  std::int64_t group_words_ = 0;  // of 16 rows
  // Panels of 16 rows of W, whose last may lack some: [panel][group][words][16], each word with the
  // codes of 4 or 8 columns, the first one lowest; and [panel][group][16] scales.
  std::vector<std::uint32_t> codes_;
  std::vector<float> scales_;
};

}  // namespace switchyard
