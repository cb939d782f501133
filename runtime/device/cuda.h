// Memory, queues and element-wise ops of the CUDA backend, in terms that name no CUDA type. The .cu
// files define them; a program that is linked without them takes no_cuda.cpp, where every function
// throws an Error with Exit::usage. runtime/product/cuda_product_ops.h and runtime/comm/nccl_comm.h
// are the other two doors of this room to the backend.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/device/device_queue.h"
#include "runtime/tensor.h"

namespace switchyard {

class RuntimeOps;

namespace cuda {

// False in a program that is linked without the backend.
bool is_built_in();

// Zeroed. Errors: Exit::internal if the device has no more.
void* allocate(std::int64_t bytes, Device device);
void release(void* memory) noexcept;
// Between host and device, either way, before the call returns.
void copy_now(const void* from, void* to, std::int64_t bytes);

std::unique_ptr<DeviceQueue> make_queue(Device device, bool tf32);

RuntimeOps& runtime_ops();

// The device's place on the PCI bus, which tells one GPU of a node from another: "0000:3B:00.0".
std::string pci_address(Device device);

}  // namespace cuda
}  // namespace switchyard
