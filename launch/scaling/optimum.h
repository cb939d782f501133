// The sizes of the lowest loss for a given amount of work.
#pragma once

#include <functional>

#include "launch/scaling/laws.h"

namespace switchyard::scaling {

struct Optimum {
  double parameters = 0.0, tokens = 0.0, loss = 0.0;
};

// Of C = 6 N D, in closed form (Hoffmann et al., arXiv:2203.15556, section 3.3).
Optimum optimum_of(const DenseLaw& law, double flops);
// Of any loss of N and D = C / (6 N) with one minimum, for N from 1e3 to 1e15, to 1e-9 in ln N.
Optimum optimum_of(const std::function<double(double parameters, double tokens)>& loss,
                   double flops);

}  // namespace switchyard::scaling
