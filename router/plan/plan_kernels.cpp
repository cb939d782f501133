// The choices of a gate, sorted by the copy of the expert that they go to, on a CPU.
#include <numeric>

#include "router/cpu_row_ops.h"
#include "runtime/comm/counts.h"

namespace switchyard {

// A stable counting sort.
void CpuRowOps::sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
                             Tensor token_of_slot, Tensor slot_of_choice, Stream&) {
  const std::int64_t pairs = expert.size(), top_k = pairs == 0 ? 1 : expert.cols();
  const auto* choice = expert.as<std::int32_t>();
  const auto* copy_of = copy.as<std::int32_t>();
  Counts slots(to_index(num_copies), 0);
  for (std::int64_t pair = 0; pair < pairs; ++pair)
    if (choice[pair] >= 0) ++slots[to_index(copy_of[choice[pair]])];
  Counts next = begins_of(slots);
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    std::int32_t& slot = slot_of_choice.as<std::int32_t>()[pair];
    slot =
        choice[pair] < 0 ? -1 : static_cast<std::int32_t>(next[to_index(copy_of[choice[pair]])]++);
    if (slot >= 0) token_of_slot.as<std::int32_t>()[slot] = static_cast<std::int32_t>(pair / top_k);
  }
}

void CpuRowOps::number_rows(Tensor runs, Tensor out, Stream&) {
  for (std::int64_t i = 0; i < runs.rows(); ++i) {
    const auto* run = runs.as<std::int32_t>() + 3 * i;
    std::iota(out.as<std::int32_t>() + run[0], out.as<std::int32_t>() + run[0] + run[1], run[2]);
  }
}

}  // namespace switchyard
