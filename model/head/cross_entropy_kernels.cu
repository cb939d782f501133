// Cross-entropy of logits and its gradient, in place: a block reads a row once for its largest
// element and the sum of exponentials together, and a second time to replace it. And what logits
// say of the next token, in one reading.
#include "model/cuda_ops.h"
#include "model/math.h"
#include "runtime/device/kernel.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr int loss_threads = 512;

// A running softmax: sum of e^(x - largest).
struct Running {
  float largest, sum;
};

__device__ Running joined(Running a, Running b) {
  const float largest = b.largest > a.largest ? b.largest : a.largest;
  return {largest, a.sum * exp_f32(a.largest - largest) + b.sum * exp_f32(b.largest - largest)};
}

__device__ void take(float x, Running& mine) {
  if (x > mine.largest) {
    mine.sum = mine.sum * exp_f32(mine.largest - x) + 1.0F;
    mine.largest = x;
  } else {
    mine.sum += exp_f32(x - mine.largest);  // NaN if x is
  }
}

__device__ Running of_lane(Running mine, int lanes) {
  return {__shfl_xor_sync(all_lanes, mine.largest, lanes),
          __shfl_xor_sync(all_lanes, mine.sum, lanes)};
}

// A running softmax with the place of the largest element, the first of several, and the sum of
// e^(x - largest) (x - largest).
struct RunningScore {
  Running softmax;
  float weighted;
  std::int32_t best;
};

__device__ RunningScore joined(RunningScore a, RunningScore b) {
  const Running softmax = joined(a.softmax, b.softmax);
  const auto moved = [&](const RunningScore& part) {
    const float by = part.softmax.largest - softmax.largest;
    return exp_f32(by) * (part.weighted + part.softmax.sum * by);
  };
  const bool later = b.softmax.largest > a.softmax.largest ||
                     (b.softmax.largest == a.softmax.largest && b.best < a.best);
  return {softmax, moved(a) + moved(b), later ? b.best : a.best};
}

__device__ RunningScore of_lane(RunningScore mine, int lanes) {
  return {of_lane(mine.softmax, lanes), __shfl_xor_sync(all_lanes, mine.weighted, lanes),
          __shfl_xor_sync(all_lanes, mine.best, lanes)};
}

template <class T>
__device__ T joined_over_block(T mine, T* scratch) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2) {
    const T other = of_lane(mine, lanes);
    // Both lanes take the same operand first, so that they get the same bits.
    mine = (threadIdx.x & lanes) == 0 ? joined(mine, other) : joined(other, mine);
  }
  if (threadIdx.x % warp_size == 0) scratch[threadIdx.x / warp_size] = mine;
  __syncthreads();
  T all = scratch[0];
  for (unsigned i = 1; i < blockDim.x / warp_size; ++i) all = joined(all, scratch[i]);
  return all;
}

__global__ void __launch_bounds__(loss_threads)
    cross_entropy_kernel(float* logits, const std::int32_t* target, std::int64_t vocabulary,
                         float scale, float* loss) {
  float* row = logits + std::int64_t{blockIdx.x} * vocabulary;
  const std::int64_t wanted = target[blockIdx.x];
  if (wanted < 0) {
    for (std::int64_t i = threadIdx.x; i < vocabulary; i += loss_threads) row[i] = 0.0F;
    if (threadIdx.x == 0) loss[blockIdx.x] = 0.0F;
    return;
  }
  Running mine{-3.4e38F, 0.0F};  // finite, so that no difference with it is NaN
  for (std::int64_t i = threadIdx.x; i < vocabulary; i += loss_threads) take(row[i], mine);
  const Running all = joined_over_block(mine, shared_memory<Running>());
  const float at_target = row[wanted];
  const auto factor = static_cast<float>(static_cast<double>(scale) / all.sum);
  __syncthreads();  // all threads have read the target
  for (std::int64_t i = threadIdx.x; i < vocabulary; i += loss_threads) {
    const float gradient = exp_f32(row[i] - all.largest) * factor;
    row[i] = i == wanted ? gradient - scale : gradient;
  }
  if (threadIdx.x > 0) return;
  const float log_sum = all.sum > 0.0F ? log_f32(all.sum) : all.sum;  // NaN stays NaN
  loss[blockIdx.x] = log_sum + (all.largest - at_target);
}

struct ScoreOutputs {
  float *loss, *best_probability, *entropy, *log_sum;
  std::int32_t* best;
};

__global__ void __launch_bounds__(loss_threads)
    token_scores_kernel(const float* logits, const std::int32_t* target, std::int64_t vocabulary,
                        ScoreOutputs out) {
  const float* row = logits + std::int64_t{blockIdx.x} * vocabulary;
  constexpr std::int32_t beyond = 0x7fffffff;
  RunningScore mine{{-3.4e38F, 0.0F}, 0.0F, beyond};
  for (std::int64_t i = threadIdx.x; i < vocabulary; i += loss_threads) {
    const float x = row[i], before = mine.softmax.largest;
    if (x > before) {
      const float by = before - x;
      mine.weighted = exp_f32(by) * (mine.weighted + mine.softmax.sum * by);
      mine.best = static_cast<std::int32_t>(i);
    } else {
      mine.weighted += exp_f32(x - before) * (x - before);
    }
    take(x, mine.softmax);
  }
  const RunningScore all = joined_over_block(mine, shared_memory<RunningScore>());
  if (threadIdx.x > 0) return;
  const auto [largest, sum] = all.softmax;
  const float log_sum = sum > 0.0F ? log_f32(sum) : sum;  // NaN stays NaN
  const std::int64_t wanted = target[blockIdx.x];
  out.loss[blockIdx.x] = wanted < 0 ? 0.0F : log_sum + (largest - row[wanted]);
  out.best[blockIdx.x] = sum > 0.0F ? all.best : -1;
  out.best_probability[blockIdx.x] = 1.0F / sum;
  out.entropy[blockIdx.x] = log_sum - all.weighted / sum;
  out.log_sum[blockIdx.x] = log_sum + largest;
}

}  // namespace

void CudaModelOps::cross_entropy(Tensor logits, Tensor target, float scale, Tensor loss,
                                 Stream& stream) {
  const std::int64_t rows = target.size(), vocabulary = logits.cols();
  expect_size("logits", logits, rows * vocabulary);
  expect_size("loss", loss, rows);
  launch(cross_entropy_kernel,
         {.blocks = rows,
          .threads = loss_threads,
          .shared_bytes = loss_threads / warp_size * sizeof(Running)},
         stream, device_data<float>(logits), device_data<std::int32_t>(target), vocabulary, scale,
         device_data<float>(loss));
}

void CudaModelOps::token_scores(Tensor logits, Tensor target, const TokenScores& scores,
                                Stream& stream) {
  check_token_scores(logits, target, scores);
  const ScoreOutputs out{device_data<float>(scores.loss),
                         device_data<float>(scores.best_probability),
                         device_data<float>(scores.entropy), device_data<float>(scores.log_sum),
                         device_data<std::int32_t>(scores.best)};
  launch(token_scores_kernel,
         {.blocks = target.size(),
          .threads = loss_threads,
          .shared_bytes = loss_threads / warp_size * sizeof(RunningScore)},
         stream, device_data<float>(logits), device_data<std::int32_t>(target), logits.cols(), out);
}

}  // namespace switchyard
