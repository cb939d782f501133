#include "runtime/tensor.h"

#include <fmt/ranges.h>

#include <span>

namespace switchyard {

std::int64_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::u8:
    case DType::i8:
      return 1;
    case DType::bf16:
      return 2;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f64:
    case DType::i64:
      return 8;
  }
  fail(Exit::internal, "unknown element type {}", static_cast<int>(dtype));
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::u8:
      return "u8";
    case DType::i8:
      return "i8";
    case DType::bf16:
      return "bf16";
    case DType::f32:
      return "f32";
    case DType::i32:
      return "i32";
    case DType::f64:
      return "f64";
    case DType::i64:
      return "i64";
  }
  return "unknown";
}

Shape::Shape(std::initializer_list<std::int64_t> dims) {
  require(dims.size() <= dims_.size(), "a tensor has at most {} dims, got {}", dims_.size(),
          dims.size());
  for (const std::int64_t dim : dims) {
    require(dim >= 0, "dim {} of a shape is negative: {}", num_dims_, dim);
    dims_[static_cast<std::size_t>(num_dims_++)] = dim;
  }
}

std::int64_t Shape::size() const {
  if (num_dims_ == 0) return 0;
  std::int64_t size = 1;
  for (int i = 0; i < num_dims_; ++i) size *= (*this)[i];
  return size;
}

std::string Shape::text() const {
  return fmt::format("{}", std::span(dims_.data(), static_cast<std::size_t>(num_dims_)));
}

std::int64_t Tensor::rows() const {
  if (shape.num_dims() <= 1) return empty() ? 0 : 1;
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < shape.num_dims(); ++i) rows *= shape[i];
  return rows;
}

Tensor Tensor::view(Shape new_shape) const {
  require(new_shape.size() == size(), "cannot view {} as {}", shape, new_shape);
  Tensor result = *this;
  result.shape = new_shape;
  return result;
}

Tensor Tensor::row_range(std::int64_t begin, std::int64_t end) const {
  require(0 <= begin && begin <= end && end <= rows(), "rows [{}, {}) of {}", begin, end, shape);
  Tensor result = *this;
  result.data = static_cast<std::byte*>(data) + begin * cols() * bytes_of(dtype);
  result.shape = Shape{end - begin, cols()};
  return result;
}

Tensor Tensor::range(std::int64_t begin, std::int64_t end) const {
  require(0 <= begin && begin <= end && end <= size(), "elements [{}, {}) of {}", begin, end,
          shape);
  Tensor result = *this;
  result.data = static_cast<std::byte*>(data) + begin * bytes_of(dtype);
  result.shape = Shape{end - begin};
  return result;
}

}  // namespace switchyard
