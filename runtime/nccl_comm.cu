// DeviceComm by NCCL, on a stream of its own that events order: what it sends waits for the work
// queued before, and the work queued afterwards waits for what it received; the host waits for
// nothing.
#include <nccl.h>

#include <exception>
#include <thread>

#include "runtime/cuda.h"
#include "runtime/cuda_queue.h"
#include "runtime/device_comm.h"

namespace switchyard {
namespace {

void check_nccl(ncclResult_t result, std::source_location where = std::source_location::current()) {
  require(result == ncclSuccess || result == ncclInProgress, Exit::peer, "NCCL failed in {}: {}",
          where.function_name(), ncclGetErrorString(result));
}

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
    case DType::bf16:
      return ncclBfloat16;
  }
  fail(Exit::internal, "NCCL has no type for {}", name_of(dtype));
}

ncclRedOp_t nccl_op_of(Reduce reduce) {
  return reduce == Reduce::sum ? ncclSum : reduce == Reduce::min ? ncclMin : ncclMax;
}

class NcclComm final : public DeviceComm {
 public:
  NcclComm(std::unique_ptr<Comm> control, Device device)
      : DeviceComm(std::move(control)), device_(device) {
    ncclUniqueId id{};
    if (rank() == 0) check_nccl(ncclGetUniqueId(&id));
    Stream host = Stream::cpu(1);
    this->control().broadcast({&id, {std::int64_t{sizeof id}}, DType::u8, Device::cpu()}, 0, host);
    check(cudaSetDevice(device.index));
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    check(cudaEventCreateWithFlags(&ready_, cudaEventDisableTiming));
    check(cudaEventCreateWithFlags(&done_, cudaEventDisableTiming));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;  // so that a peer that died is an error here, and no hang in the library
    check_nccl(ncclCommInitRankConfig(&comm_, size(), id, rank(), &config));
    settle();
  }
  // Abort, not destroy: a peer that died never comes to say goodbye. After an error nothing is
  // waited for, since what is under way may be what the peer never sent.
  ~NcclComm() override {
    if (std::uncaught_exceptions() == 0) cudaStreamSynchronize(stream_);
    ncclCommAbort(comm_);
    cudaEventDestroy(ready_);
    cudaEventDestroy(done_);
    cudaStreamDestroy(stream_);
  }

 private:
  std::unique_ptr<Comm> beside(std::unique_ptr<Comm> control) override {
    return std::make_unique<NcclComm>(std::move(control), device_);
  }

  // Waits until the library has taken on what it was asked for; that is not until it is done.
  void settle() {
    ncclResult_t state = ncclInProgress;
    while (true) {
      check_nccl(ncclCommGetAsyncError(comm_, &state));
      if (state != ncclInProgress) break;
      std::this_thread::yield();
    }
    check_nccl(state);
  }

  // Runs `call` between the work that is queued on `stream` and what will be.
  template <class Call>
  void in_order(Stream& stream, Call call) {
    const cudaStream_t compute = cuda_queue(stream).stream();
    check(cudaEventRecord(ready_, compute));
    check(cudaStreamWaitEvent(stream_, ready_, 0));
    call();
    settle();
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
  // Calls body(part, rank) for each rank's part, as one group of NCCL's.
  template <class Body>
  void for_parts(Tensor inout, std::span<const std::int64_t> sizes, Stream& stream, Body body) {
    in_order(stream, [&] {
      check_nccl(ncclGroupStart());
      std::int64_t begin = 0;
      for (int peer = 0; peer < size(); ++peer) {
        const std::int64_t count = sizes[static_cast<std::size_t>(peer)];
        if (count > 0) check_nccl(body(inout.range(begin, begin + count), peer));
        begin += count;
      }
      check_nccl(ncclGroupEnd());
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
      check_nccl(ncclGroupStart());
      auto* from = static_cast<std::byte*>(in.data);
      auto* to = static_cast<std::byte*>(out.data);
      for (int peer = 0; peer < size(); ++peer) {
        const auto at = static_cast<std::size_t>(peer);
        const auto sent = static_cast<std::size_t>(send[at] * row_bytes);
        const auto received = static_cast<std::size_t>(recv[at] * row_bytes);
        const bool travels = peer != rank();
        if (travels && sent > 0) check_nccl(ncclSend(from, sent, ncclUint8, peer, comm_, stream_));
        if (travels && received > 0)
          check_nccl(ncclRecv(to, received, ncclUint8, peer, comm_, stream_));
        from += sent;
        to += received;
      }
      check_nccl(ncclGroupEnd());
    });
  }

  Device device_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t ready_ = nullptr, done_ = nullptr;
  ncclComm_t comm_ = nullptr;
};

}  // namespace

std::unique_ptr<Comm> cuda::make_nccl_comm(std::unique_ptr<Comm> control, Device device) {
  return std::make_unique<NcclComm>(std::move(control), device);
}

}  // namespace switchyard
