#include "router/gate/routing.h"

namespace switchyard {

void Routing::take(Arena& arena, const RoutingSizes& sizes) {
  const Shape by_expert{sizes.tokens, sizes.experts};
  expert = arena.take({sizes.tokens, sizes.choices}, DType::i32);
  weight = arena.take({sizes.tokens, sizes.choices});
  input = sizes.jitter ? arena.take({sizes.tokens, sizes.hidden}) : Tensor{};
  narrow = sizes.rank > 0 ? arena.take({sizes.tokens, sizes.rank}) : Tensor{};
  logits = sizes.scores ? arena.take(by_expert) : Tensor{};
  probability = sizes.scores ? arena.take(by_expert) : Tensor{};
  log_sum = sizes.scores ? arena.take({sizes.tokens}) : Tensor{};
  noise_slope = sizes.noise ? arena.take(by_expert) : Tensor{};
}

}  // namespace switchyard
