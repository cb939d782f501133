#include "train/state/value_hash.h"

#include "runtime/device/host_access.h"
#include "train/ops.h"

namespace switchyard {

std::int64_t value_hash(const Params& params, Tensor values, Stream& stream) {
  const std::int64_t blocks = (values.size() + param_block - 1) / param_block;
  const Tensor hashes = params.scratch_for_blocks(blocks, DType::i64);
  TrainOps::on(stream.device()).hash_blocks(values, hashes, stream);
  const HostRead on_host(hashes, stream);
  std::uint64_t sum = 0;
  for (std::int64_t b = 0; b < blocks; ++b)
    sum += static_cast<std::uint64_t>(on_host.as<std::int64_t>()[b]);
  return static_cast<std::int64_t>(sum);
}

}  // namespace switchyard
