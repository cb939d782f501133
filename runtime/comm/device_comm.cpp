#include "runtime/comm/device_comm.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "runtime/comm/nccl_comm.h"
#include "runtime/device/cuda.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"

namespace switchyard {
namespace {

bool on_host(const Stream& stream, Tensor tensor) {
  return stream.device().kind == Device::Kind::cpu || tensor.device.kind == Device::Kind::cpu;
}

// Calls body with the tensor's elements on the host, and copies them back.
template <class Body>
void through_host(Tensor inout, Stream& stream, Body body) {
  HostWrite staged(inout, stream);
  stream.queue()->copy(inout.data, staged.tensor().data, inout.bytes());
  stream.synchronize();
  body(staged.tensor());
  staged.send();
}

// For ranks that share a GPU, which NCCL refuses: tensors travel through pinned memory of the host.
// Each call waits for the device.
class StagedComm final : public DeviceComm {
 public:
  using DeviceComm::DeviceComm;

 private:
  std::unique_ptr<Comm> beside(std::unique_ptr<Comm> control) override {
    return std::make_unique<StagedComm>(std::move(control));
  }

  void reduce_on_device(Tensor inout, Reduce reduce, Stream& stream) override {
    reduce_on_host(inout, reduce, stream);
  }
  void broadcast_on_device(Tensor inout, int root, Stream& stream) override {
    through_host(inout, stream, [&](Tensor host) { control().broadcast(host, root, stream); });
  }
  void scatter_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                               Stream& stream) override {
    through_host(inout, stream,
                 [&](Tensor host) { control().reduce_scatter_parts(host, sizes, stream); });
  }
  void gather_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                              Stream& stream) override {
    through_host(inout, stream,
                 [&](Tensor host) { control().all_gather_parts(host, sizes, stream); });
  }
  void gather_on_device(Tensor in, Tensor out, Stream& stream) override {
    const HostRead from(in, stream);
    HostWrite to(out, stream);
    control().all_gather(from.tensor(), to.tensor(), stream);
    to.send();
  }
  void exchange_on_device(Tensor in, std::span<const std::int64_t> send, Tensor out,
                          std::span<const std::int64_t> recv, Stream& stream) override {
    const HostRead from(in, stream);
    HostWrite to(out, stream);
    control().exchange_rows(from.tensor(), send, to.tensor(), recv, stream);
    to.send();
  }
};

// Collective. True if no two ranks of a node compute on the same GPU. Slices of one GPU (MIG) are
// devices of one address on the bus, and NCCL refuses them as it refuses one GPU twice.
bool each_has_a_gpu(Comm& world, Device device) {
  const std::unique_ptr<Comm> node = world.split_node();
  using Address = std::array<std::uint8_t, 32>;
  Address mine{};
  const std::string text = cuda::pci_address(device);
  std::copy_n(text.begin(), std::min(text.size(), mine.size()), mine.begin());
  std::vector<Address> all(static_cast<std::size_t>(node->size()));
  Stream stream = Stream::cpu(1);
  node->all_gather({mine.data(), {std::ssize(mine)}, DType::u8, Device::cpu()},
                   {all.data(), {std::ssize(all) * std::ssize(mine)}, DType::u8, Device::cpu()},
                   stream);
  const bool own = std::count(all.begin(), all.end(), mine) == 1;
  return reduce_one(world, std::int64_t{own}, Reduce::min) == 1;
}

}  // namespace

void DeviceComm::all_reduce(Tensor inout, Reduce reduce, Stream& stream) {
  if (on_host(stream, inout)) return control_->all_reduce(inout, reduce, stream);
  if (size() > 1 && !inout.empty()) reduce_on_device(inout, reduce, stream);
}

void DeviceComm::broadcast(Tensor inout, int root, Stream& stream) {
  if (on_host(stream, inout)) return control_->broadcast(inout, root, stream);
  if (size() > 1 && !inout.empty()) broadcast_on_device(inout, root, stream);
}

void DeviceComm::all_gather(Tensor in, Tensor out, Stream& stream) {
  if (on_host(stream, out)) return control_->all_gather(in, out, stream);
  if (size() == 1) return RuntimeOps::on(stream.device()).copy(in, out, stream);
  gather_on_device(in, out, stream);
}

void DeviceComm::reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                      Stream& stream) {
  if (on_host(stream, inout)) return control_->reduce_scatter_parts(inout, sizes, stream);
  if (size() > 1) scatter_parts_on_device(inout, sizes, stream);
}

void DeviceComm::all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                  Stream& stream) {
  if (on_host(stream, inout)) return control_->all_gather_parts(inout, sizes, stream);
  if (size() > 1) gather_parts_on_device(inout, sizes, stream);
}

void DeviceComm::reduce_on_host(Tensor inout, Reduce reduce, Stream& stream) {
  through_host(inout, stream, [&](Tensor host) { control_->all_reduce(host, reduce, stream); });
}

void DeviceComm::all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                                 std::span<const std::int64_t> recv, Stream& stream) {
  if (on_host(stream, out)) return control_->all_to_all_rows(in, send, out, recv, stream);
  exchange_rows(in, send, out, recv, stream);
  const auto own = [&](Tensor rows, std::span<const std::int64_t> count) {
    const auto before = count.first(static_cast<std::size_t>(rank()));
    const std::int64_t begin = std::accumulate(before.begin(), before.end(), std::int64_t{0});
    return rows.row_range(begin, begin + count[static_cast<std::size_t>(rank())]);
  };
  RuntimeOps::on(stream.device()).copy(own(in, send), own(out, recv), stream);
}

void DeviceComm::exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                               std::span<const std::int64_t> recv, Stream& stream) {
  if (on_host(stream, out)) return control_->exchange_rows(in, send, out, recv, stream);
  if (size() > 1) exchange_on_device(in, send, out, recv, stream);
}

std::unique_ptr<PendingRows> DeviceComm::start_exchange_rows(Tensor in,
                                                             std::span<const std::int64_t> send,
                                                             Tensor out,
                                                             std::span<const std::int64_t> recv) {
  require(
      in.device == Device::cpu() && out.device == Device::cpu(),
      "start_exchange_rows takes host tensors only: rows of a GPU travel in the order of a stream");
  return control_->start_exchange_rows(in, send, out, recv);
}

DeviceWorld make_device_world(std::unique_ptr<Comm> world, Device device) {
  if (device.kind == Device::Kind::cpu) return {std::move(world), "MPI"};
  if (each_has_a_gpu(*world, device)) {
    return {cuda::make_nccl_comm(std::move(world), device), "NCCL, a GPU to each rank"};
  }
  return {std::make_unique<StagedComm>(std::move(world)),
          "MPI by way of the host, since ranks share a GPU"};
}

}  // namespace switchyard
