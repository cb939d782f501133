// Linked where the CUDA backend is not.
#include "runtime/device/no_cuda.h"

#include "runtime/device/cuda.h"

namespace switchyard {

void fail_without_cuda() {
  fail(Exit::usage,
       "run.device = \"cuda\": this switchyard was built without CUDA; use switchyard_cuda, which "
       "is built where nvcc is found, or set run.device = \"cpu\"");
}

int Device::num_cuda() { return 0; }
Device Device::cuda(int) { fail_without_cuda(); }

namespace cuda {

bool is_built_in() { return false; }
void* allocate(std::int64_t, Device) { fail_without_cuda(); }
void release(void*) noexcept {}
void copy_now(const void*, void*, std::int64_t) { fail_without_cuda(); }
std::unique_ptr<DeviceQueue> make_queue(Device, bool) { fail_without_cuda(); }
RuntimeOps& runtime_ops() { fail_without_cuda(); }
std::string pci_address(Device) { fail_without_cuda(); }

}  // namespace cuda
}  // namespace switchyard
