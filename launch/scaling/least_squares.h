// Non-linear least squares: the only door to Eigen.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace switchyard::scaling {

// Fills in the residuals of parameters and their derivatives [residuals, parameters].
using Residuals = std::function<void(std::span<const double> parameters, std::span<double> values,
                                     std::span<double> derivatives)>;

// Moves the parameters to a local minimum of the sum of squared residuals (Levenberg-Marquardt as
// in MINPACK), with at most this many evaluations, and returns that sum. Requires num_residuals >=
// parameters.size(). Deterministic, on one thread.
double least_squares(const Residuals& residuals, int num_residuals, int max_evaluations,
                     std::vector<double>& parameters);

}  // namespace switchyard::scaling
