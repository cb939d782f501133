// Which GPUs the ranks of a test of training take.
#pragma once

#include "runtime/device/stream.h"
#include "tests/train/small_run.h"

namespace switchyard {

enum class Gpus { own, shared };

inline Device gpu_of(Gpus gpus, int rank) {
  return Device::cuda(gpus == Gpus::own ? rank % Device::num_cuda() : 0);
}

inline SmallConfig config_on(Device device, bool exact) {
  SmallConfig config;
  config.device = device;
  config.train.exact = exact;
  config.train.global_batch_size = 8;
  config.model.qk_norm = QkNorm::head;
  return config;
}

}  // namespace switchyard
