// The only file that names Eigen.
#include "runtime/factors.h"

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Dense>

#include "runtime/error.h"

namespace switchyard {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ColumnMatrix = Eigen::MatrixXd;
using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::vector<float> as_floats(const Matrix& matrix) {
  std::vector<float> floats(static_cast<std::size_t>(matrix.size()));
  Eigen::Map<FloatMatrix>(floats.data(), matrix.rows(), matrix.cols()) = matrix.cast<float>();
  return floats;
}

// Columns: the left singular vectors of the largest singular values, the largest first. They are
// eigenvectors of w w^T, which is small if w has few rows.
struct LeftVectors {
  Matrix vectors;
  Eigen::VectorXd values;  // singular values
};
LeftVectors left_vectors(const Matrix& w, std::int64_t rank) {
  Matrix gram = Matrix::Zero(w.rows(), w.rows());
  gram.selfadjointView<Eigen::Lower>().rankUpdate(w);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(gram);
  require(solver.info() == Eigen::Success, Exit::numerical,
          "the singular values of a matrix [{}, {}] did not converge", w.rows(), w.cols());
  // Eigenvalues ascend.
  LeftVectors left{solver.eigenvectors().rightCols(rank).rowwise().reverse(),
                   solver.eigenvalues().tail(rank).reverse().cwiseMax(0.0).cwiseSqrt()};
  return left;
}

}  // namespace

Factors factors_of(std::span<const float> matrix, std::int64_t out, std::int64_t in,
                   std::int64_t rank) {
  require(std::ssize(matrix) == out * in && rank >= 1 && rank <= std::min(out, in),
          "rank {} of a matrix [{}, {}]", rank, out, in);
  const Matrix w = Eigen::Map<const FloatMatrix>(matrix.data(), out, in).cast<double>();
  require(w.allFinite(), Exit::data, "a matrix [{}, {}] holds a number that is not finite", out,
          in);
  const bool wide = out <= in;
  const auto [vectors, values] = left_vectors(wide ? w : Matrix(w.transpose()), rank);
  // With w = L S R^T and L known: sqrt(S) R^T = S^-1/2 L^T w. Where S is 0, so are both factors.
  const Eigen::VectorXd roots = values.cwiseSqrt();
  const Eigen::VectorXd inverse =
      roots.unaryExpr([](double root) { return root > 0.0 ? 1.0 / root : 0.0; });
  Matrix u, v;
  if (wide) {
    u = vectors * roots.asDiagonal();
    v = inverse.asDiagonal() * (vectors.transpose() * w);
  } else {
    v = roots.asDiagonal() * vectors.transpose();
    u = (w * vectors) * inverse.asDiagonal();
  }
  for (Eigen::Index column = 0; column < rank; ++column) {
    Eigen::Index largest = 0;
    u.col(column).cwiseAbs().maxCoeff(&largest);
    if (u(largest, column) >= 0.0) continue;
    u.col(column) *= -1.0;
    v.row(column) *= -1.0;
  }
  const double all = w.squaredNorm();
  return {as_floats(u), as_floats(v), all == 0.0 ? 1.0 : values.squaredNorm() / all};
}

void orthonormalize(std::span<float> matrix, std::int64_t rows, std::int64_t cols) {
  require(std::ssize(matrix) == rows * cols && cols <= rows, "a basis of a matrix [{}, {}]", rows,
          cols);
  Eigen::Map<FloatMatrix> basis(matrix.data(), rows, cols);
  const Eigen::HouseholderQR<ColumnMatrix> decomposed(basis.cast<double>());
  basis = (decomposed.householderQ() * ColumnMatrix::Identity(rows, cols)).cast<float>();
}

std::vector<float> right_singular_vectors(std::span<const float> matrix, std::int64_t rows,
                                          std::int64_t cols, std::int64_t rank) {
  require(std::ssize(matrix) == rows * cols && rank >= 1 && rank <= cols,
          "{} singular vectors of a matrix [{}, {}]", rank, rows, cols);
  const Matrix w = Eigen::Map<const FloatMatrix>(matrix.data(), rows, cols).cast<double>();
  return as_floats(left_vectors(w.transpose(), rank).vectors);
}

std::vector<float> product_of(const Factors& factors, std::int64_t out, std::int64_t in) {
  const std::int64_t rank = std::ssize(factors.u) / out;
  const Eigen::Map<const FloatMatrix> u(factors.u.data(), out, rank), v(factors.v.data(), rank, in);
  return as_floats(u.cast<double>() * v.cast<double>());
}

}  // namespace switchyard
