#include "model/transformer/sent_batch.h"

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

}  // namespace

Batch sent_batch(const Batch& batch, const Transformer::Options& options, Arena& arena,
                 Stream& stream) {
  if (stream.device().kind == Device::Kind::cpu || batch.empty()) return batch;
  check_range("token", batch.tokens, 0, options.vocabulary);
  check_range("target", batch.targets, -1, options.vocabulary);
  check_range("position", batch.positions, 0, options.sequence_length);
  Batch sent = batch;
  sent.tokens = on_device(batch.tokens, arena, stream);
  sent.targets = on_device(batch.targets, arena, stream);
  sent.positions = on_device(batch.positions, arena, stream);
  if (batch.past != nullptr) batch.past->send_lengths(stream);
  return sent;
}

}  // namespace switchyard
