// Factors of matrices: singular vectors, orthonormal bases, and U V, its best approximation of a
// rank (Eckart and Young, 1936).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

struct Factors {
  std::vector<float> u, v;  // [out, rank], [rank, in], row by row
  double kept = 1.0;        // share of the matrix's squared norm; 1 for a matrix of zeros
};

// matrix: [out, in], finite; 1 <= rank <= min(out, in). With the singular values S of the matrix,
// U = U_r sqrt(S_r) and V = sqrt(S_r) V_r. The largest element of each column of U is positive. All
// arithmetic is f64 on one thread, so that the bits depend on the arguments alone. It takes about
// min(out, in)^2 (max(out, in) + 10 min(out, in)) multiply-adds.
Factors factors_of(std::span<const float> matrix, std::int64_t out, std::int64_t in,
                   std::int64_t rank);

// Replaces the columns of a matrix [rows, cols], cols <= rows, row by row, by an orthonormal basis
// of a space that holds them (Householder). Arithmetic as above.
void orthonormalize(std::span<float> matrix, std::int64_t rows, std::int64_t cols);

// The right singular vectors of the `rank` largest singular values of a matrix [rows, cols], as
// columns [cols, rank], the largest first. Their signs are arbitrary. Arithmetic as above.
std::vector<float> right_singular_vectors(std::span<const float> matrix, std::int64_t rows,
                                          std::int64_t cols, std::int64_t rank);

// U V, summed in f64.
std::vector<float> product_of(const Factors& factors, std::int64_t out, std::int64_t in);

}  // namespace switchyard
