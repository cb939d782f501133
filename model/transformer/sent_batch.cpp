#include "model/transformer/sent_batch.h"

#include <algorithm>

#include "model/attention/past.h"
#include "runtime/device/host_access.h"

namespace switchyard {
namespace {

void check_range(const char* what, Tensor values, std::int64_t min, std::int64_t end) {
  const auto* value = values.as<std::int32_t>();
  for (std::int64_t i = 0; i < values.size(); ++i) {
    require(value[i] >= min && value[i] < end, "{} {} of the micro-batch is {}, not in [{}, {})",
            what, i, value[i], min, end);
  }
}

Tensor reach_of(Tensor positions, std::int64_t window, Arena& arena, Stream& stream) {
  HostWrite reach(arena.take(positions.shape, DType::i32), stream);
  const auto* position = positions.as<std::int32_t>();
  for (std::int64_t t = 0; t < positions.size(); ++t) {
    reach.as<std::int32_t>()[t] =
        static_cast<std::int32_t>(std::min<std::int64_t>(position[t], window - 1));
  }
  return reach.send();
}

}  // namespace

Batch sent_batch(const Batch& batch, const Transformer::Options& options, std::int64_t window,
                 Arena& arena, Stream& stream) {
  if (batch.empty()) return batch;
  Batch sent = batch;
  if (window > 0 && batch.past == nullptr)
    sent.reach = reach_of(batch.positions, window, arena, stream);
  if (stream.device().kind == Device::Kind::cpu) return sent;
  check_range("token", batch.tokens, 0, options.vocabulary);
  check_range("target", batch.targets, -1, options.vocabulary);
  check_range("position", batch.positions, 0, options.sequence_length);
  sent.tokens = on_device(batch.tokens, arena, stream);
  sent.targets = on_device(batch.targets, arena, stream);
  sent.positions = on_device(batch.positions, arena, stream);
  if (batch.past != nullptr) batch.past->send_lengths(stream);
  return sent;
}

}  // namespace switchyard
