#include "model/attention/rotary.h"

#include <vector>

#include "model/math.h"
#include "runtime/device/host_access.h"

namespace switchyard {

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
      const CosSin angle = cos_sin(static_cast<double>(p) * frequency[static_cast<std::size_t>(i)]);
      cosines[next] = static_cast<float>(angle.cos);
      sines[next++] = static_cast<float>(angle.sin);
    }
  }
  write_now(cosines.data(), cosine);
  write_now(sines.data(), sine);
}

}  // namespace switchyard
