// What the CUDA backend gives to this room, in terms that name no CUDA type. The .cu files define
// it; in a program that is linked without them no_cuda.cpp does, where every function is an Error
// with Exit::usage.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/comm/comm.h"
#include "runtime/device/device_queue.h"
#include "runtime/product/grouped_matmul.h"
#include "runtime/product/matmul.h"

namespace switchyard {

class RuntimeOps;

namespace cuda {

// Zeroed. Errors: Exit::internal if the device has no more.
void* allocate(std::int64_t bytes, Device device);
void release(void* memory) noexcept;
// Between host and device, either way, before the call returns.
void copy_now(const void* from, void* to, std::int64_t bytes);

std::unique_ptr<DeviceQueue> make_queue(Device device, bool tf32);

RuntimeOps& runtime_ops();
// b: f32, or bf16 already, for a product in bf16 whose b has rows of whole operand_elements.
void multiply(const MatmulShape& shape, Write write, Tensor a, Tensor b, Tensor out,
              Stream& stream);
// runtime/product/grouped_matmul.h; products_go_together() holds, and matrices in bf16 say that the
// products are. a is f32. Precision: f32 or bf16.
void multiply_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                     Stream& stream);
void add_gradient_groups(Tensor a, Tensor b, const GradientSums& sums, Precision precision,
                         Stream& stream);
// The same size.
void round_to_bf16(Tensor in, Tensor out, Stream& stream);

// What tells one GPU of a node from another.
std::int64_t identity_of(Device device);
// Where it sits on the PCI bus: "0000:3B:00.0".
std::string pci_address(Device device);
// Collective over `control`, whose ranks have a GPU each: device tensors travel by NCCL, host
// tensors by `control`.
std::unique_ptr<Comm> make_nccl_comm(std::unique_ptr<Comm> control, Device device);

}  // namespace cuda
}  // namespace switchyard
