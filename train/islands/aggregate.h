// How the opinions of islands become one: element by element, in f64, in the order of the islands,
// so that the result is the same on any layout.
#pragma once

#include <cstdint>
#include <span>

#include "train/config.h"

namespace switchyard {

// The mean, the median (of an even number, the mean of the middle two), or the mean without the
// `trim` least and the `trim` greatest (coordinate-wise median and trimmed mean: Yin et al. 2018,
// arXiv:1803.01498). Values that are not finite are left out first; at least one of the others is
// left when they are trimmed. Changes the order of `values`. NaN if none is finite.
double aggregate(Aggregate kind, int trim, std::span<double> values);

// The outer optimizer: SGD with Nesterov's momentum on the outer gradient anchor - opinion, as
// torch.optim.SGD computes it (DiLoCo, arXiv:2311.08105). A rate of 1 without momentum gives the
// opinion itself.
struct OuterRates {
  double rate = 1.0, momentum = 0.0;
};
// Updates the velocity, and returns the new value of the anchor.
float outer_update(float anchor, double opinion, const OuterRates& rates, float& velocity);

}  // namespace switchyard
