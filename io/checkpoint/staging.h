// Staging: where a save's tensors wait while they are written, so that the next step may change the
// originals.
#pragma once

#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// One buffer, touched once when it grows and used again by every save.
class Staging {
 public:
  // Copies on the stream's threads. The result lives until the next copy.
  std::vector<NamedTensor> copy(const std::vector<NamedTensor>& tensors, Stream& stream);

 private:
  Buffer buffer_;
};

}  // namespace switchyard
