// Rotary positions on a CPU.
#include <algorithm>

#include "model/attention/rotary.h"
#include "model/cpu_ops.h"
#include "runtime/expect.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr std::int64_t tokens_per_task = 64;

struct Rotation {
  const float* cosine;
  const float* sine;
  float direction;
  std::int64_t heads, half;
};

SWITCHYARD_MULTIVERSION
void rotate_tokens(float* x, const std::int32_t* position, std::int64_t count,
                   const Rotation& rotation) {
  const std::int64_t half = rotation.half;
  const float direction = rotation.direction;
  for (std::int64_t t = 0; t < count; ++t) {
    const float* cosine = rotation.cosine + position[t] * half;
    const float* sine = rotation.sine + position[t] * half;
    for (std::int64_t head = 0; head < rotation.heads; ++head) {
      float* low = x + (t * rotation.heads + head) * 2 * half;
      float* high = low + half;
#pragma GCC ivdep
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = low[i];
        const float b = high[i];
        const float s = sine[i] * direction;
        low[i] = a * cosine[i] - b * s;
        high[i] = b * cosine[i] + a * s;
      }
    }
  }
}

}  // namespace

void CpuModelOps::rotate(Tensor x, Tensor position, const RotaryTable& table, int direction,
                         Stream& stream) {
  const std::int64_t num_tokens = position.size();
  const std::int64_t num_positions = table.cosine.tensor().rows();
  const std::int64_t half = table.cosine.tensor().cols();
  const std::int64_t heads = num_tokens == 0 ? 0 : x.size() / (num_tokens * 2 * half);
  expect_size("x", x, num_tokens * heads * 2 * half);
  float* xs = x.as<float>();
  const std::int32_t* positions = position.as<std::int32_t>();
  for (std::int64_t t = 0; t < num_tokens; ++t) {
    require(positions[t] >= 0 && positions[t] < num_positions,
            "token {} has position {}; the rotary table has {} positions", t, positions[t],
            num_positions);
  }
  const Rotation rotation = {table.cosine.tensor().as<float>(), table.sine.tensor().as<float>(),
                             direction < 0 ? -1.0F : 1.0F, heads, half};
  parallel_for(stream, (num_tokens + tokens_per_task - 1) / tokens_per_task,
               [&](std::int64_t unit) {
                 const std::int64_t begin = unit * tokens_per_task;
                 const std::int64_t count = std::min(tokens_per_task, num_tokens - begin);
                 rotate_tokens(xs + begin * heads * 2 * half, positions + begin, count, rotation);
               });
}

}  // namespace switchyard
