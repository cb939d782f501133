#include "runtime/codes/coded_weights.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/device/parallel.h"
#include "runtime/error.h"
#include "runtime/hd.h"
#include "runtime/math.h"

namespace switchyard {
namespace {

constexpr int code_lanes = 16;
// Rows of x in a block of sums; with few rows a block has several panels, since a sum waits for the
// one before. Together they leave AVX2 registers for the operands.
constexpr int code_rows = 6, code_panels = 4;
constexpr int code_panels_of(std::int64_t rows) {
  return rows == 1 ? code_panels : rows == 2 ? 3 : rows == 3 ? 2 : 1;
}

// Where a block begins. Words lie `panel_words` apart from panel to panel.
struct CodeBlock {
  const float* x;
  std::int64_t x_stride;
  const std::uint32_t* words;
  std::int64_t panel_words;
};

// The codes at place `which` of 16 words, in f32. Whole vectors: GCC 12 widens bytes one by one.
template <int bits>
inline __attribute__((always_inline)) void code_values(const std::uint32_t* words, int which,
                                                       float* values) {
  using Words = std::int32_t __attribute__((vector_size(4 * code_lanes)));
  using Floats = float __attribute__((vector_size(4 * code_lanes)));
  Words codes;
  std::memcpy(&codes, words, sizeof codes);
  codes = (codes << (32 - bits - bits * which)) >> (32 - bits);
  const Floats floats = __builtin_convertvector(codes, Floats);
  std::memcpy(values, &floats, sizeof floats);
}

template <int bits, int rows, int panels>
struct CodeKernel {
  static constexpr int together = 32 / bits;

  static inline __attribute__((always_inline)) void add_column(const CodeBlock& block,
                                                               std::int64_t word, int which,
                                                               float* sum) {
    for (int p = 0; p < panels; ++p) {
      float w[code_lanes];
      code_values<bits>(block.words + p * block.panel_words + word * code_lanes, which, w);
      for (int i = 0; i < rows; ++i) {
        const float x = block.x[i * block.x_stride + word * together + which];
        float* to = sum + (i * panels + p) * code_lanes;
#pragma GCC unroll 1
        for (int j = 0; j < code_lanes; ++j) to[j] = fma_f32(x, w[j], to[j]);
      }
    }
  }

  // sum[(row * panels + panel) * lanes + lane] += the products of `columns` columns.
  static inline __attribute__((always_inline)) void add(const CodeBlock& block,
                                                        std::int64_t columns, float* sum) {
    float local[rows * panels * code_lanes];
    for (int i = 0; i < rows * panels; ++i) {
#pragma GCC unroll 1
      for (int j = 0; j < code_lanes; ++j) local[i * code_lanes + j] = sum[i * code_lanes + j];
    }
    const std::int64_t whole = columns / together;
    for (std::int64_t word = 0; word < whole; ++word) {
#pragma GCC unroll 8
      for (int which = 0; which < together; ++which) add_column(block, word, which, local);
    }
    for (int which = 0; which < columns % together; ++which) add_column(block, whole, which, local);
    for (int i = 0; i < rows * panels; ++i) {
#pragma GCC unroll 1
      for (int j = 0; j < code_lanes; ++j) sum[i * code_lanes + j] = local[i * code_lanes + j];
    }
  }
};

template <int bits>
inline __attribute__((always_inline)) void add_code_rows(const CodeBlock& block, std::int64_t rows,
                                                         std::int64_t panels, std::int64_t columns,
                                                         float* sum) {
  if (rows == 1 && panels == 4) return CodeKernel<bits, 1, 4>::add(block, columns, sum);
  if (rows == 2 && panels == 3) return CodeKernel<bits, 2, 3>::add(block, columns, sum);
  if (rows == 3 && panels == 2) return CodeKernel<bits, 3, 2>::add(block, columns, sum);
  if (rows == 6) return CodeKernel<bits, 6, 1>::add(block, columns, sum);
  if (rows == 5) return CodeKernel<bits, 5, 1>::add(block, columns, sum);
  if (rows == 4) return CodeKernel<bits, 4, 1>::add(block, columns, sum);
  if (rows == 3) return CodeKernel<bits, 3, 1>::add(block, columns, sum);
  if (rows == 2) return CodeKernel<bits, 2, 1>::add(block, columns, sum);
  CodeKernel<bits, 1, 1>::add(block, columns, sum);
}

SWITCHYARD_MULTIVERSION
void add_int8(const CodeBlock& block, std::int64_t rows, std::int64_t panels, std::int64_t columns,
              float* sum) {
  add_code_rows<8>(block, rows, panels, columns, sum);
}

SWITCHYARD_MULTIVERSION
void add_int4(const CodeBlock& block, std::int64_t rows, std::int64_t panels, std::int64_t columns,
              float* sum) {
  add_code_rows<4>(block, rows, panels, columns, sum);
}

SWITCHYARD_MULTIVERSION
void add_scaled(const float* sum, const float* scale, float* total) {
  for (int j = 0; j < code_lanes; ++j) total[j] = fma_f32(sum[j], scale[j], total[j]);
}

}  // namespace

CodedWeights::CodedWeights(Shape shape, const CodeFormat& format) : shape_(shape), format_(format) {
  require((format.bits == 8 || format.bits == 4) && format.group > 0 &&
              shape[1] % format.group == 0 && (format.bits == 8 || format.group % 2 == 0),
          "a matrix {} as int{} in groups of {}", shape, format.bits, format.group);
  const std::int64_t in_word = 32 / format.bits;
  group_words_ = (format.group + in_word - 1) / in_word * code_lanes;
  codes_.resize(static_cast<std::size_t>(num_panels() * num_groups() * group_words_));
  scales_.resize(static_cast<std::size_t>(num_panels() * num_groups() * code_lanes));
}

std::int64_t CodedWeights::num_panels() const { return (shape_[0] + code_lanes - 1) / code_lanes; }

std::int64_t CodedWeights::bytes() const {
  return std::ssize(codes_) * static_cast<std::int64_t>(sizeof(std::uint32_t)) +
         std::ssize(scales_) * static_cast<std::int64_t>(sizeof(float));
}

void CodedWeights::set(std::span<const std::byte> codes, std::span<const float> scales) {
  require(std::ssize(codes) == bytes_of_codes(shape_.size(), format_.bits) &&
              std::ssize(scales) == shape_[0] * num_groups(),
          "{} codes and {} scales for a matrix {}", codes.size(), scales.size(), shape_);
  const std::int64_t group_bytes = bytes_of_codes(format_.group, format_.bits);
  for (std::int64_t row = 0; row < shape_[0]; ++row) {
    const std::int64_t panel = row / code_lanes, lane = row % code_lanes;
    for (std::int64_t g = 0; g < num_groups(); ++g) {
      const auto from = static_cast<std::size_t>(row * num_groups() + g);
      const std::int64_t to = panel * num_groups() + g;
      scales_[static_cast<std::size_t>(to * code_lanes + lane)] = scales[from];
      for (std::int64_t i = 0; i < group_bytes; ++i) {
        const auto byte = static_cast<std::uint32_t>(
            codes[from * static_cast<std::size_t>(group_bytes) + static_cast<std::size_t>(i)]);
        codes_[static_cast<std::size_t>(to * group_words_ + i / 4 * code_lanes + lane)] |=
            byte << (8 * (i % 4));
      }
    }
  }
}

void CodedWeights::multiply_panels(Tensor x, Tensor y, std::int64_t first,
                                   std::int64_t count) const {
  const std::int64_t in = shape_[1], groups = num_groups(), rows = x.rows();
  const auto add = format_.bits == 4 ? add_int4 : add_int8;
  const std::int64_t blocks = (rows + code_rows - 1) / code_rows;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t row = rows * b / blocks, here = rows * (b + 1) / blocks - row;
    const std::int64_t most = code_panels_of(here);
    for (std::int64_t p = first; p < first + count;) {
      const std::int64_t panels = p + most <= first + count ? most : 1;
      std::array<float, code_rows * code_lanes> total{};
      for (std::int64_t g = 0; g < groups; ++g) {
        std::array<float, code_rows * code_lanes> sum{};
        const std::int64_t column = g * format_.group;
        add({x.as<float>() + row * in + column, in, codes_.data() + (p * groups + g) * group_words_,
             groups * group_words_},
            here, panels, format_.group, sum.data());
        for (std::int64_t i = 0; i < here * panels; ++i)
          add_scaled(sum.data() + i * code_lanes,
                     scales_.data() + ((p + i % panels) * groups + g) * code_lanes,
                     total.data() + i * code_lanes);
      }
      for (std::int64_t i = 0; i < here * panels; ++i) {
        const std::int64_t col = (p + i % panels) * code_lanes;
        std::copy_n(total.data() + i * code_lanes,
                    std::min<std::int64_t>(code_lanes, shape_[0] - col),
                    y.as<float>() + (row + i / panels) * shape_[0] + col);
      }
      p += panels;
    }
  }
}

void CodedWeights::multiply(Tensor x, Tensor y, Stream& stream) const {
  require(x.cols() == shape_[1] && y.cols() == shape_[0] && x.rows() == y.rows(),
          "a product of {} with coded weights {} into {}", x.shape, shape_, y.shape);
  constexpr std::int64_t together = 12;  // panels: a multiple of each code_panels_of()
  parallel_for(stream, (num_panels() + together - 1) / together, [&](std::int64_t i) {
    const std::int64_t first = i * together;
    multiply_panels(x, y, first, std::min(together, num_panels() - first));
  });
}

}  // namespace switchyard
