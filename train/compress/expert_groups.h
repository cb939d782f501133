// Which experts of a layer stay, and which of those takes the place of one that goes. Experts are
// in router.groups groups of neighbours of one size; each keeps equally many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

// The keep / num_groups experts of each group with the largest scores, ascending; of equal ones the
// first. Requires: num_groups divides keep and the number of scores.
std::vector<int> kept_experts(std::span<const double> scores, int keep, int num_groups);

// Cosines [E, E] of the rows' products with all inputs: router [E, hidden], products X^T X [hidden,
// hidden]. How alike the choices of two experts are (M-SMoE: Li et al., arXiv:2310.01334).
std::vector<double> likeness_of_logits(std::span<const float> router,
                                       std::span<const double> products, int num_experts);

// For each expert, the kept one of its group that is most like it: itself if it is kept; of equally
// alike ones the first.
std::vector<int> nearest_kept(std::span<const int> kept, std::span<const double> likeness,
                              int num_experts, int num_groups);

}  // namespace switchyard
