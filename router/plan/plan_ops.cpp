// The choices of a gate, counted and sorted.
#include <numeric>

#include "router/cpu_ops.h"
#include "router/math.h"
#include "runtime/comm/counts.h"

namespace switchyard {

void CpuRouterOps::count_choices(Tensor expert, Tensor counts, Stream&) {
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

// A stable counting sort.
void CpuRouterOps::sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
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

void CpuRouterOps::number_rows(Tensor runs, Tensor out, Stream&) {
  for (std::int64_t i = 0; i < runs.rows(); ++i) {
    const auto* run = runs.as<std::int32_t>() + 3 * i;
    std::iota(out.as<std::int32_t>() + run[0], out.as<std::int32_t>() + run[0] + run[1], run[2]);
  }
}

}  // namespace switchyard
