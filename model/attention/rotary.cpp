#include "model/attention/rotary.h"

#include <algorithm>
#include <vector>

#include "model/cpu_ops.h"
#include "model/math.h"
#include "runtime/device/host_access.h"
#include "runtime/expect.h"

namespace switchyard {
namespace {

constexpr std::int64_t tokens_turned_at_once = 64;

struct Turn {
  const float* cosine;
  const float* sine;
  float direction;
  std::int64_t heads, half;
};

SWITCHYARD_MULTIVERSION
void rotate_tokens(float* x, const std::int32_t* position, std::int64_t count, const Turn& turn) {
  const std::int64_t half = turn.half;
  const float direction = turn.direction;
  for (std::int64_t t = 0; t < count; ++t) {
    const float* cosine = turn.cosine + position[t] * half;
    const float* sine = turn.sine + position[t] * half;
    for (std::int64_t head = 0; head < turn.heads; ++head) {
      float* low = x + (t * turn.heads + head) * 2 * half;
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

RotaryTable::RotaryTable(std::int64_t num_positions, std::int64_t head_dim, float base,
                         Device device)
    : cosine({num_positions, head_dim / 2}, DType::f32, device),
      sine({num_positions, head_dim / 2}, DType::f32, device) {
  require(head_dim > 0 && head_dim % 2 == 0, Exit::usage,
          "model.head_dim is {}; rotary positions need an even one", head_dim);
  require(base > 1.0F, Exit::usage, "model.rope_base is {}; it must be above 1", base);
  const std::int64_t half = head_dim / 2;
  const double ratio = root(base, half);
  std::vector<double> frequency(static_cast<std::size_t>(half), 1.0);
  for (std::size_t i = 1; i < frequency.size(); ++i) frequency[i] = frequency[i - 1] / ratio;

  std::vector<float> cosines(static_cast<std::size_t>(num_positions * half)), sines(cosines);
  std::size_t next = 0;
  for (std::int64_t p = 0; p < num_positions; ++p) {
    for (std::int64_t i = 0; i < half; ++i) {
      const CosSin turn = cos_sin(static_cast<double>(p) * frequency[static_cast<std::size_t>(i)]);
      cosines[next] = static_cast<float>(turn.cos);
      sines[next++] = static_cast<float>(turn.sin);
    }
  }
  write_now(cosines.data(), cosine);
  write_now(sines.data(), sine);
}

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
  const Turn turn = {table.cosine.tensor().as<float>(), table.sine.tensor().as<float>(),
                     direction < 0 ? -1.0F : 1.0F, heads, half};
  parallel_for(stream, (num_tokens + tokens_turned_at_once - 1) / tokens_turned_at_once,
               [&](std::int64_t unit) {
                 const std::int64_t begin = unit * tokens_turned_at_once;
                 const std::int64_t count = std::min(tokens_turned_at_once, num_tokens - begin);
                 rotate_tokens(xs + begin * heads * 2 * half, positions + begin, count, turn);
               });
}

}  // namespace switchyard
