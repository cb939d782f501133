#include "router/gate/hash_choice.h"

#include "router/gate/cpu_gate_ops.h"
#include "router/token_chunks.h"
#include "runtime/expect.h"

namespace switchyard {

void CpuGateOps::pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts,
                              Tensor expert, Stream& stream) {
  expect_size("token", token, expert.rows());
  const std::int64_t k = expert.cols();
  for_chunks(token.size(), stream, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t)
      choose_by_hash(random, token.as<std::int32_t>()[t], num_experts, k,
                     expert.as<std::int32_t>() + t * k);
  });
}

}  // namespace switchyard
