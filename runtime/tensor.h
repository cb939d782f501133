// Tensor: a view of memory with a shape and an element type. Buffer owns memory; Arena hands out a
// step's scratch memory.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/error.h"

namespace switchyard {

enum class DType : std::uint8_t { f32, f64, i32, i64, u8, bf16, i8 };

std::int64_t bytes_of(DType dtype);
const char* name_of(DType dtype);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::i64;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::u8;
}
template <>
constexpr DType dtype_of<std::uint16_t>() {  // the bits of a bf16 (runtime/rounding.h)
  return DType::bf16;
}

// Where memory lives. Device::cuda gives GPUs, and fails with a clear message where there is none.
struct Device {
  enum class Kind : std::uint8_t { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;

  static Device cpu() { return {}; }
  // Errors: Exit::usage if this build or this machine has no such GPU.
  static Device cuda(int index);
  static int num_cuda();  // 0 where there is no GPU, or no CUDA
  bool operator==(const Device&) const = default;
};

// Up to four dims, outermost first.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);

  int num_dims() const { return num_dims_; }
  std::int64_t operator[](int dim) const { return dims_[static_cast<std::size_t>(dim)]; }
  std::int64_t size() const;  // number of elements; 0 for no dims
  std::string text() const;   // "[3, 4]"
  bool operator==(const Shape&) const = default;

 private:
  std::array<std::int64_t, 4> dims_{};
  int num_dims_ = 0;
};

}  // namespace switchyard

// Messages take shapes as arguments, so that a check that holds formats nothing.
template <>
struct fmt::formatter<switchyard::Shape> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  auto format(const switchyard::Shape& shape, fmt::format_context& context) const {
    return fmt::format_to(context.out(), "{}", shape.text());
  }
};

namespace switchyard {

// A non-owning, dense, row-major view, passed by value. Const-ness is not tracked: parameter names
// say which tensors are written.
struct Tensor {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  Device device;

  std::int64_t size() const { return shape.size(); }
  std::int64_t bytes() const { return size() * bytes_of(dtype); }
  bool empty() const { return size() == 0; }
  std::int64_t dim(int i) const { return shape[i]; }
  std::int64_t cols() const { return shape.num_dims() == 0 ? 1 : shape[shape.num_dims() - 1]; }
  std::int64_t rows() const;  // the product of all dims but the last, even if that is 0; [0] has no
                              // rows

  // Errors: Exit::internal if T is not the element type.
  template <class T>
  T* as() const {
    require(dtype == dtype_of<T>(), "tensor {} holds {}, not {}", shape, name_of(dtype),
            name_of(dtype_of<T>()));
    return static_cast<T*>(data);
  }

  Tensor view(Shape new_shape) const;  // same elements, other dims
  Tensor row_range(std::int64_t begin,
                   std::int64_t end) const;  // rows [begin, end) as [end - begin, cols]
  Tensor range(std::int64_t begin, std::int64_t end) const;  // flat elements [begin, end)
};

template <class T>
Tensor tensor_of(T* data, Shape shape) {
  return {const_cast<std::remove_const_t<T>*>(data), shape, dtype_of<std::remove_const_t<T>>(),
          Device::cpu()};
}

// Owns zeroed memory, aligned to 64 bytes (to 2 MiB, on huge pages, where that pays). Move-only.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Shape shape, DType dtype, Device device = Device::cpu());
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  Tensor tensor() const { return tensor_; }
  operator Tensor() const {
    return tensor_;
  }  // NOLINT: a buffer may be passed wherever a view is wanted

 private:
  Tensor tensor_;
};

// Scratch memory that lives until reset(): the activations of one micro-batch. An arena holds what
// was reserved; if that is not enough it grows, and reset() joins its pieces into one. Memory from
// take() is not zeroed.
class Arena {
 public:
  explicit Arena(Device device = Device::cpu()) : device_(device) {}
  // An arena that holds nothing: its tensors have shapes and no memory. high_water_bytes() tells
  // how much an arena that gives out memory would need.
  static Arena counting(Device device);

  void reserve(std::int64_t bytes);  // Requires: nothing was taken or reserved before.
  Tensor take(Shape shape, DType dtype = DType::f32);
  void reset();
  Device device() const { return device_; }
  std::int64_t held_bytes() const;
  std::int64_t high_water_bytes() const { return high_water_; }

 private:
  friend class ArenaScope;
  Device device_;
  bool counts_only_ = false;
  std::vector<Buffer> chunks_;
  std::int64_t used_in_last_ = 0;
  std::int64_t used_ = 0;
  std::int64_t high_water_ = 0;
};

// Gives back, when it ends, what was taken from the arena meanwhile: the memory of one call, which
// the next call finds warm.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena)
      : arena_(arena),
        num_chunks_(arena.chunks_.size()),
        used_in_last_(arena.used_in_last_),
        used_(arena.used_) {}
  ~ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  Arena& arena_;
  std::size_t num_chunks_;
  std::int64_t used_in_last_, used_;
};

}  // namespace switchyard
