// DeviceComm by NCCL, on a separate stream that events order: sends wait for the work queued
// before, and work queued afterwards waits for what was received. The host never waits.
#include <exception>
#include <thread>

#include "runtime/comm/nccl_comm.h"
#include "runtime/device/cuda_queue.h"
#include "runtime/comm/device_comm.h"
#include "runtime/device/nccl_handle.h"

namespace switchyard {
namespace {

ncclDataType_t nccl_type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return ncclFloat32;
    case DType::f64:
      return ncclFloat64;
    case DType::i32:
      return ncclInt32;
    case DType::i64:
      return ncclInt64;
    case DType::u8:
      return ncclUint8;
    case DType::i8:
      return ncclInt8;
    case DType::bf16:
      return ncclBfloat16;
  }
  fail(Exit::internal, "NCCL has no type for {}", name_of(dtype));
}

ncclRedOp_t nccl_op_of(Reduce reduce) {
  return reduce == Reduce::sum ? ncclSum : reduce == Reduce::min ? ncclMin : ncclMax;
}

// Collective over `control`.
ncclUniqueId id_for(Comm& control) {
  ncclUniqueId id{};
  if (control.rank() == 0) check_nccl(ncclGetUniqueId(&id));
  Stream host = Stream::cpu(1);
  control.broadcast({&id, {std::int64_t{sizeof id}}, DType::u8, Device::cpu()}, 0, host);
  return id;
}

class NcclComm final : public DeviceComm {
 public:
  NcclComm(std::unique_ptr<Comm> control, Device device)
      : DeviceComm(std::move(control)),
        device_(device),
        stream_(device, StreamPriority::first),  // rows travel beside products that fill the GPU
        comm_(size(), id_for(this->control()), rank()) {}
  // Collective, because aborting would take back rows that are still in transit to a slower rank.
  // After an error this does not wait, since a peer may never send what is awaited.
  ~NcclComm() override {
    if (std::uncaught_exceptions() > 0 || comm_ == nullptr) return;
    try {
      while (!is_done(cudaStreamQuery(stream_))) {
        check_peers();
        std::this_thread::yield();
      }
      control().barrier();
    } catch (const Error&) {  // a peer died, so nothing is in transit to it
    }
  }

 private:
  std::unique_ptr<Comm> beside(std::unique_ptr<Comm> control) override {
    return std::make_unique<NcclComm>(std::move(control), device_);
  }

  // Orders `call` after the work that is queued on `stream` and before work that is queued later.
  template <class Call>
  void in_order(Stream& stream, Call call) {
    const cudaStream_t compute = cuda_queue(stream).stream();
    check(cudaEventRecord(ready_, compute));
    check(cudaStreamWaitEvent(stream_, ready_, 0));
    call();
    comm_.settle();
    check(cudaEventRecord(done_, stream_));
    check(cudaStreamWaitEvent(compute, done_, 0));
  }

  void reduce_on_device(Tensor inout, Reduce reduce, Stream& stream) override {
    if (reduce == Reduce::bit_or) return reduce_on_host(inout, reduce, stream);  // NCCL has none
    in_order(stream, [&] {
      check_nccl(ncclAllReduce(inout.data, inout.data, static_cast<std::size_t>(inout.size()),
                               nccl_type_of(inout.dtype), nccl_op_of(reduce), comm_, stream_));
    });
  }
  void broadcast_on_device(Tensor inout, int root, Stream& stream) override {
    in_order(stream, [&] {
      check_nccl(ncclBroadcast(inout.data, inout.data, static_cast<std::size_t>(inout.bytes()),
                               ncclUint8, root, comm_, stream_));
    });
  }
  // Calls body(part, rank) for each rank's part, as one NCCL group.
  template <class Body>
  void for_parts(Tensor inout, std::span<const std::int64_t> sizes, Stream& stream, Body body) {
    in_order(stream, [&] {
      NcclGroup group;
      std::int64_t begin = 0;
      for (int peer = 0; peer < size(); ++peer) {
        const std::int64_t count = sizes[static_cast<std::size_t>(peer)];
        if (count > 0) group.add(body(inout.range(begin, begin + count), peer));
        begin += count;
      }
      group.end();
    });
  }
  void scatter_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                               Stream& stream) override {
    for_parts(inout, sizes, stream, [&](Tensor part, int owner) {
      return ncclReduce(part.data, part.data, static_cast<std::size_t>(part.size()),
                        nccl_type_of(part.dtype), ncclSum, owner, comm_, stream_);
    });
  }
  void gather_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                              Stream& stream) override {
    for_parts(inout, sizes, stream, [&](Tensor part, int owner) {
      return ncclBroadcast(part.data, part.data, static_cast<std::size_t>(part.bytes()), ncclUint8,
                           owner, comm_, stream_);
    });
  }
  void gather_on_device(Tensor in, Tensor out, Stream& stream) override {
    require(out.size() == in.size() * size(), "gathering {} of {} elements into {}", size(),
            in.size(), out.size());
    in_order(stream, [&] {
      check_nccl(ncclAllGather(in.data, out.data, static_cast<std::size_t>(in.bytes()), ncclUint8,
                               comm_, stream_));
    });
  }
  void exchange_on_device(Tensor in, std::span<const std::int64_t> send, Tensor out,
                          std::span<const std::int64_t> recv, Stream& stream) override {
    const Tensor filled = in.empty() ? out : in;
    const std::int64_t row_bytes = filled.cols() * bytes_of(filled.dtype);
    in_order(stream, [&] {
      NcclGroup group;
      auto* from = static_cast<std::byte*>(in.data);
      auto* to = static_cast<std::byte*>(out.data);
      for (int peer = 0; peer < size(); ++peer) {
        const auto at = static_cast<std::size_t>(peer);
        const auto sent = static_cast<std::size_t>(send[at] * row_bytes);
        const auto received = static_cast<std::size_t>(recv[at] * row_bytes);
        const bool travels = peer != rank();
        if (travels && sent > 0) group.add(ncclSend(from, sent, ncclUint8, peer, comm_, stream_));
        if (travels && received > 0)
          group.add(ncclRecv(to, received, ncclUint8, peer, comm_, stream_));
        from += sent;
        to += received;
      }
      group.end();
    });
  }

  Device device_;
  CudaStream stream_;
  CudaEvent ready_, done_;
  NcclHandle comm_;
};

}  // namespace

std::unique_ptr<Comm> cuda::make_nccl_comm(std::unique_ptr<Comm> control, Device device) {
  return std::make_unique<NcclComm>(std::move(control), device);
}

}  // namespace switchyard
