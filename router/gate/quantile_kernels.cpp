// What experts' biases would have to be, on a CPU.
#include <algorithm>
#include <limits>
#include <vector>

#include "router/gate/cpu_gate_ops.h"
#include "router/token_chunks.h"

namespace switchyard {
namespace {

constexpr std::uint16_t no_bin = std::numeric_limits<std::uint16_t>::max();
static_assert(BiasBins::count < no_bin);

SWITCHYARD_MULTIVERSION
void scores_row(const float* logits, const float* bias, std::int64_t count, float* sigmoid,
                float* biased) {
  for (std::int64_t e = 0; e < count; ++e) {
    sigmoid[e] = sigmoid_f32(logits[e]);
    biased[e] = sigmoid[e] + bias[e];
  }
}

// Memory for the rows of a thread.
struct BinRow {
  std::vector<float> sigmoid, biased;
  std::vector<std::int32_t> best;  // k + 1

  BinRow(std::int64_t experts, std::int64_t k)
      : sigmoid(static_cast<std::size_t>(experts)),
        biased(static_cast<std::size_t>(experts)),
        best(static_cast<std::size_t>(k + 1)) {}

  void run(const float* logits, const float* bias, const BiasBins& bins, std::uint16_t* bin) {
    const std::int64_t experts = std::ssize(sigmoid);
    if (logits[0] != logits[0]) {  // then the whole row is NaN
      std::fill_n(bin, experts, no_bin);
      return;
    }
    scores_row(logits, bias, experts, sigmoid.data(), biased.data());
    top_k_row(biased.data(), experts, std::ssize(best), best.data());
    const float cutoff = biased[static_cast<std::size_t>(best.back())];
    for (std::int64_t e = 0; e < experts; ++e)
      bin[e] =
          static_cast<std::uint16_t>(bins.bin_of(cutoff - sigmoid[static_cast<std::size_t>(e)]));
  }
};

}  // namespace

void CpuGateOps::count_required_biases(Tensor logits, Tensor bias, std::int64_t k,
                                       const BiasBins& bins, Tensor counts, Stream& stream) {
  const std::int64_t tokens = logits.rows(), experts = logits.cols();
  std::vector<std::uint16_t> bin(static_cast<std::size_t>(tokens * experts));
  parallel_for(stream, (tokens + token_chunk - 1) / token_chunk, [&](std::int64_t chunk) {
    BinRow row(experts, k);
    const std::int64_t end = std::min(tokens, (chunk + 1) * token_chunk);
    for (std::int64_t t = chunk * token_chunk; t < end; ++t)
      row.run(logits.as<float>() + t * experts, bias.as<float>(), bins, bin.data() + t * experts);
  });
  parallel_for(stream, experts, [&](std::int64_t e) {
    std::int32_t* count = counts.as<std::int32_t>() + e * BiasBins::count;
    std::fill_n(count, BiasBins::count, 0);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::uint16_t at = bin[static_cast<std::size_t>(t * experts + e)];
      if (at != no_bin) ++count[at];
    }
  });
}

}  // namespace switchyard
