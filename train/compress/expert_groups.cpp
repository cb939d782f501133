#include "train/compress/expert_groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace switchyard {

std::vector<int> kept_experts(std::span<const double> scores, int keep, int num_groups) {
  const auto of_group = static_cast<int>(scores.size()) / num_groups;
  std::vector<int> kept;
  for (int group = 0; group < num_groups; ++group) {
    std::vector<int> experts(static_cast<std::size_t>(of_group));
    std::iota(experts.begin(), experts.end(), group * of_group);
    std::ranges::stable_sort(experts, std::ranges::greater{},
                             [&](int expert) { return scores[static_cast<std::size_t>(expert)]; });
    kept.insert(kept.end(), experts.begin(), experts.begin() + keep / num_groups);
  }
  std::ranges::sort(kept);
  return kept;
}

std::vector<double> likeness_of_logits(std::span<const float> router,
                                       std::span<const double> products, int num_experts) {
  const auto experts = static_cast<std::size_t>(num_experts);
  const std::size_t hidden = router.size() / experts;
  std::vector<double> inner(experts * experts), through(hidden);
  for (std::size_t e = 0; e < experts; ++e) {
    std::ranges::fill(through, 0.0);
    for (std::size_t i = 0; i < hidden; ++i) {
      const auto weight = static_cast<double>(router[e * hidden + i]);
      for (std::size_t j = 0; j < hidden; ++j) through[j] += weight * products[i * hidden + j];
    }
    for (std::size_t f = 0; f < experts; ++f) {
      for (std::size_t j = 0; j < hidden; ++j)
        inner[e * experts + f] += through[j] * static_cast<double>(router[f * hidden + j]);
    }
  }
  std::vector<double> cosines(experts * experts);
  for (std::size_t i = 0; i < cosines.size(); ++i) {
    const std::size_t e = i / experts, f = i % experts;
    const double norms = std::sqrt(inner[e * experts + e] * inner[f * experts + f]);
    cosines[i] = norms > 0 ? inner[i] / norms : 0.0;
  }
  return cosines;
}

std::vector<int> nearest_kept(std::span<const int> kept, std::span<const double> likeness,
                              int num_experts, int num_groups) {
  const int of_group = num_experts / num_groups;
  std::vector<int> nearest;
  for (int expert = 0; expert < num_experts; ++expert) {
    if (std::ranges::binary_search(kept, expert)) {
      nearest.push_back(expert);
      continue;
    }
    int best = -1;
    const auto with = [&](int other) {
      return likeness[static_cast<std::size_t>(expert) * static_cast<std::size_t>(num_experts) +
                      static_cast<std::size_t>(other)];
    };
    for (const int other : kept) {
      if (other / of_group == expert / of_group && (best < 0 || with(other) > with(best)))
        best = other;
    }
    nearest.push_back(best);
  }
  return nearest;
}

}  // namespace switchyard
