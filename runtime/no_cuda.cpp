// Linked in place of the CUDA backend.
#include "runtime/tensor.h"

namespace switchyard {

Device Device::cuda(int index) {
  fail(Exit::usage,
       "run.device = \"cuda\": GPU {} was asked for, but this switchyard was built without CUDA; "
       "build it with `cmake --preset cuda` or set run.device = \"cpu\"",
       index);
}

}  // namespace switchyard
