// Staging: copies of a save's tensors, so that the next step may change the originals while the
// copies are written.
#pragma once

#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

// One buffer, which all saves use in turn; it is touched once, when it grows.
class Staging {
 public:
  // Copies on the stream's threads. The result lives until the next copy.
  std::vector<NamedTensor> copy(const std::vector<NamedTensor>& tensors, Stream& stream);

 private:
  Buffer buffer_;
};

}  // namespace switchyard
