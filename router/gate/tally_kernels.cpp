// The counts and sums of a micro-batch's choices, on a CPU.
#include <algorithm>
#include <vector>

#include "router/gate/cpu_gate_ops.h"
#include "router/token_chunks.h"

namespace switchyard {

void CpuGateOps::count_choices(Tensor expert, Tensor counts, Stream&) {
  const std::int64_t runs = counts.dim(0), experts = counts.dim(2), pairs = expert.size() / runs;
  const auto* choice = expert.as<std::int32_t>();
  auto* count = counts.as<std::int64_t>();
  std::fill_n(count, counts.size(), 0);
  for (std::int64_t run = 0; run < runs; ++run, choice += pairs, count += 2 * experts) {
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
      if (choice[pair] >= 0) ++count[choice[pair]];
      ++count[experts + expert_of(choice[pair])];
    }
  }
}

void CpuGateOps::sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums,
                                   Stream& stream) {
  const std::int64_t tokens = log_sum.size(), experts = probability.cols();
  const std::int64_t runs = sums.rows(), run = tokens / runs;
  const std::int64_t chunks = (run + token_chunk - 1) / token_chunk;  // of a run
  std::vector<double> partial(static_cast<std::size_t>(runs * chunks * (experts + 1)), 0.0);
  parallel_for(stream, runs * chunks, [&](std::int64_t chunk) {
    double* mine = partial.data() + chunk * (experts + 1);
    const std::int64_t begin = chunk / chunks * run, first = chunk % chunks * token_chunk;
    for (std::int64_t t = begin + first; t < begin + std::min(run, first + token_chunk); ++t) {
      const float* p = probability.as<float>() + t * experts;
      for (std::int64_t e = 0; e < experts; ++e) mine[e] += static_cast<double>(p[e]);
      const double log_sum_t = log_sum.as<float>()[t];
      mine[experts] += log_sum_t * log_sum_t;
    }
  });
  std::fill_n(sums.as<double>(), sums.size(), 0.0);
  for (std::int64_t chunk = 0; chunk < runs * chunks; ++chunk) {
    const double* from = partial.data() + chunk * (experts + 1);
    double* to = sums.as<double>() + chunk / chunks * (experts + 1);
    for (std::int64_t e = 0; e <= experts; ++e) to[e] += from[e];
  }
}

}  // namespace switchyard
