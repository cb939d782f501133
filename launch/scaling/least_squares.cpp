#include "launch/scaling/least_squares.h"

#include <eigen3/unsupported/Eigen/NonLinearOptimization>

namespace switchyard::scaling {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// What Eigen asks for: values alone, then derivatives alone, of the same parameters.
class Problem {
 public:
  Problem(const Residuals& residuals, Eigen::Index num_residuals, Eigen::Index num_parameters)
      : residuals_(residuals),
        values_(num_residuals),
        derivatives_(num_residuals, num_parameters) {}

  using Scalar = double;
  int values() const { return static_cast<int>(values_.size()); }

  int operator()(const Vector& parameters, Vector& values) {
    evaluate(parameters);
    values = values_;
    return 0;
  }
  int df(const Vector& parameters, Matrix& derivatives) {
    evaluate(parameters);
    derivatives = derivatives_;
    return 0;
  }

 private:
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  void evaluate(const Vector& parameters) {
    const auto span_of = [](auto& matrix) {
      return std::span(matrix.data(), static_cast<std::size_t>(matrix.size()));
    };
    residuals_(span_of(parameters), span_of(values_), span_of(derivatives_));
  }

  const Residuals& residuals_;
  Vector values_;
  RowMajor derivatives_;
};

}  // namespace

double least_squares(const Residuals& residuals, int num_residuals, int max_evaluations,
                     std::vector<double>& parameters) {
  Problem problem(residuals, num_residuals, static_cast<Eigen::Index>(parameters.size()));
  Eigen::LevenbergMarquardt<Problem> solver(problem);
  solver.parameters.maxfev = max_evaluations;
  solver.parameters.ftol = solver.parameters.xtol = 1e-14;
  Vector x =
      Eigen::Map<const Vector>(parameters.data(), static_cast<Eigen::Index>(parameters.size()));
  (void)solver.minimize(x);
  parameters.assign(x.data(), x.data() + x.size());
  return solver.fnorm * solver.fnorm;
}

}  // namespace switchyard::scaling
