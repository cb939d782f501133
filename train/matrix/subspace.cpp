#include "train/matrix/subspace.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "runtime/factors.h"
#include "runtime/product/matmul.h"
#include "train/matrix/blocks.h"

namespace switchyard {
namespace {

constexpr int iterations = 2;
constexpr std::int64_t oversampling = 16;
// With g: of the start block, two in each iteration, and of the small matrix.
constexpr int products = 1 + 2 * iterations + 1;

std::int64_t block_width(const Shape& shape, std::int64_t rank) {
  return std::min({rank + oversampling, shape[0], shape[1]});
}

// The vectors of rows are those of the columns of g^T.
struct Sides {
  Tensor g;
  bool transposed;
  std::int64_t near, far;  // lengths of the wanted vectors, and of the others

  Sides(Tensor gradient, SubspaceOf of)
      : g(gradient),
        transposed(of == SubspaceOf::rows),
        near(transposed ? g.cols() : g.rows()),
        far(transposed ? g.rows() : g.cols()) {}
  Op to_near() const { return transposed ? Op::transposed : Op::plain; }
  Op to_far() const { return transposed ? Op::plain : Op::transposed; }
};

std::span<float> elements(Tensor tensor) {
  return {tensor.as<float>(), static_cast<std::size_t>(tensor.size())};
}

void multiply(const Sides& sides, Op op, Tensor block, Tensor out, Stream& stream) {
  matmul(sides.g, op, block, Op::plain, out, Write::replace, stream);
  orthonormalize(elements(out), out.rows(), out.cols());
}

// vectors: [near, rank]; written to `out` with the sign that the contract says.
void store(Tensor vectors, bool as_rows, Tensor out) {
  const std::int64_t length = vectors.rows(), rank = vectors.cols();
  const float* from = vectors.as<float>();
  float* to = out.as<float>();
  for (std::int64_t r = 0; r < rank; ++r) {
    float largest = 0.0F;
    for (std::int64_t i = 0; i < length; ++i)
      if (std::abs(from[i * rank + r]) > std::abs(largest)) largest = from[i * rank + r];
    const float sign = largest < 0.0F ? -1.0F : 1.0F;
    for (std::int64_t i = 0; i < length; ++i)
      to[as_rows ? r * length + i : i * rank + r] = sign * from[i * rank + r];
  }
}

}  // namespace

void leading_subspace(Tensor g, SubspaceOf of, const Random& random, Tensor out, Tensor scratch,
                      Stream& stream) {
  const Sides sides(g, of);
  const std::int64_t rank = of == SubspaceOf::rows ? out.rows() : out.cols();
  const std::int64_t width = block_width(g.shape, rank);
  const Tensor near = scratch.range(0, sides.near * width).view({sides.near, width}),
               far = scratch.range(near.size(), near.size() + sides.far * width)
                         .view({sides.far, width});
  float* start = far.as<float>();
  for_elements(far.size(), stream, [=](std::int64_t i) {
    start[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  });
  multiply(sides, sides.to_near(), far, near, stream);
  for (int i = 0; i < iterations; ++i) {
    multiply(sides, sides.to_far(), near, far, stream);
    multiply(sides, sides.to_near(), far, near, stream);
  }
  // far = small^T with small = near^T g, whose left singular vectors turn the block.
  matmul(g, sides.to_far(), near, Op::plain, far, Write::replace, stream);
  const std::vector<float> turn =
      right_singular_vectors(elements(far), sides.far, width, rank);  // [width, rank]
  const Tensor vectors =
      far.view({far.size()}).range(0, sides.near * rank).view({sides.near, rank});
  matmul(near, Op::plain, tensor_of(turn.data(), {width, rank}), Op::plain, vectors, Write::replace,
         stream);
  store(vectors, of == SubspaceOf::rows, out);
}

std::int64_t subspace_scratch_elements(const Shape& shape, std::int64_t rank) {
  return (shape[0] + shape[1]) * block_width(shape, rank);
}

double subspace_flops(const Shape& shape, std::int64_t rank) {
  return products * 2.0 * static_cast<double>(shape.size() * block_width(shape, rank));
}

}  // namespace switchyard
