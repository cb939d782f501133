// Matrix products on a stream, built from a finite set of library calls so that a result never
// depends on the layout of the run (docs/design.md, "The same bits").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/device/stream.h"
#include "runtime/product/precision.h"

namespace switchyard {

// A product's rows: its m when a is plain, its k when a is transposed (a weight gradient's k counts
// rows). On a GPU they are a multiple of this, and callers leave zero rows at the end; so are the
// tokens of a micro-batch anywhere.
inline constexpr std::int64_t row_tile = 16;

constexpr std::int64_t padded_rows(std::int64_t rows) {
  return (rows + row_tile - 1) / row_tile * row_tile;
}
// What the rows of products on the device are a multiple of.
constexpr std::int64_t row_tile_on(Device device) {
  return device.kind == Device::Kind::cpu ? 1 : row_tile;
}

enum class Op : std::uint8_t { plain, transposed };
enum class Write : std::uint8_t { replace, add };

// out (= or +=) op(a) op(b), all f32, dense; on a GPU b may be bf16 already (Params::operand).
// op(a): [m, k], op(b): [k, n], out: [m, n]. The bits of a row of out depend on m, n, k and the
// operands only: never on threads, addresses or earlier calls. On a CPU those of a plain a's row
// depend neither on m nor on the other rows. k = 0 gives zeros (or leaves out alone under
// Write::add); m = 0 or n = 0 does nothing. Operands that are not finite give results that are not.
// Errors: Exit::usage for an int8 product with k above int8_terms.
void matmul(Tensor a, Op op_a, Tensor b, Op op_b, Tensor out, Write write, Stream& stream,
            Precision precision = Precision::f32);

// Rows of bf16 that begin at multiples of so many elements are read in whole pieces.
inline constexpr std::int64_t operand_elements = 8;

// The sum of so many products of two int8 codes fits 32 bits.
inline constexpr std::int64_t int8_terms = std::int64_t{1} << 17;

struct MatmulShape {
  std::int64_t m, n, k;
  Op op_a, op_b;
  Precision precision = Precision::f32;
};

// The start-up self-test of exact mode: runs each product twice at different addresses and thread
// counts and against an independent sum, and hashes all results. Where the library does not repeat
// its bits, our own kernel takes over.
struct MatmulSelfTest {
  std::uint64_t hash = 0;       // equal hashes: equal arithmetic
  bool library_repeats = true;  // false: this stream now uses our own kernel
};
MatmulSelfTest self_test_matmul(const std::vector<MatmulShape>& shapes, Stream& stream);

}  // namespace switchyard
